"""The search engine: domain types, access, retrieval, and the adapters behind its ports."""
