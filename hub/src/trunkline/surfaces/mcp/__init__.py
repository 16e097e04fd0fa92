"""The operations as MCP tools. Importing the SDK is slow, so it waits for the first use."""
