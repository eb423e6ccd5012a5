"""How hits, documents and answers are told, as JSON and as text; shared by all doors."""
