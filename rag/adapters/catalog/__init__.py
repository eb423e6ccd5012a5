"""The catalog: one SQLite database that holds the truth about what is indexed."""
