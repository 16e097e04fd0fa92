"""A simulated network for Trunkline: every channel without an account."""
