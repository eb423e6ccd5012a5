"""Drift: whether the questions and results of the last days differ from those before."""
