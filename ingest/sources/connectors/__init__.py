"""Sources that are no folder: pages of other systems, mirrored to files and indexed like these."""
