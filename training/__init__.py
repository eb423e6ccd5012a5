"""Fine-tunes the embedding model on sections of operations documents and queries for them.

Not part of the service: `make train DATA=FOLDER` makes the weights that ship.
"""
