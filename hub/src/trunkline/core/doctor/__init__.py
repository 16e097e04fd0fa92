"""What a hub can tell of its own health."""
