"""JSON and text forms of hits, documents and answers, shared by all interfaces."""
