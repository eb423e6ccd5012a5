"""The web interface: pages rendered on the server, for browsers with or without JavaScript."""
