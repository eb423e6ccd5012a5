"""What kinds of programs do, told by rules and tables: one module a kind."""
