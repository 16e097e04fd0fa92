"""What was done and what it costs: reserved, taken, released, corrected."""
