"""Who is asking: one module for each way to show it, and one that holds them together."""
