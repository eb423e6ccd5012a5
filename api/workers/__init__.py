"""Several processes that answer as one service: one owns the index, the others are its workers."""
