"""Addresses of documents on the sites that render them: pure functions of paths and headings."""
