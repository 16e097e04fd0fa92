"""Phone calls that need no AI: what becomes of each, and what callers hear."""
