"""Coverage-guided fuzzing of everything that parses text of others; see CONTRIBUTING.md."""
