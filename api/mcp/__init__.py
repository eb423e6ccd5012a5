"""The MCP door: three tools, the same over HTTP and stdio."""
