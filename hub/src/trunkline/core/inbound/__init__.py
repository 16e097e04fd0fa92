"""What providers tell the hub: stored once, then applied."""
