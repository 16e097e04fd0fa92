"""From a row to a provider: one attempt, and what it came to."""
