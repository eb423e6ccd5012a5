"""Where vendor libraries live: each module translates their types and errors."""
