"""Measurements of quality and speed, side by side in one run: `make bench`."""

import os

# As the program itself starts, before anything loads numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
