"""Authentication: one module per method, and one that combines them."""
