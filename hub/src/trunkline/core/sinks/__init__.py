"""The hub's own alert sinks: the log, a signed webhook, and what an agent's channels carry."""
