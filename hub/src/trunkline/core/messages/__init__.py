"""Messages: sending, their status, and reading them."""
