"""Reading: pages of messages, and waiting for an answer."""
