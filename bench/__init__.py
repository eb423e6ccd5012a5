"""Measurements of quality and speed, side by side in one run: `make bench`."""
