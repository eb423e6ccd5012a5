"""Evals of a real index: run, swept over settings, and as the gate of a promotion."""
