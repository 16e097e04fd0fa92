"""A channel that nobody has: what adding one to the house takes."""
