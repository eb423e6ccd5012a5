"""Whoever owns the index: builds, promotes, watches, backs up and mends it."""
