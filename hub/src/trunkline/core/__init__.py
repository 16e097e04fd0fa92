"""The service layer: what the hub does, without HTTP, MCP or any framework."""
