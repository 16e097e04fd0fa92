"""Subscriptions of MCP hosts to what happens to an agent's messages, and the events for them."""
