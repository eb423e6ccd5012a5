"""Files on disk to Documents, Chunks and the index."""
