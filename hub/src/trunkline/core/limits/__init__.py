"""What an agent may do and spend: limits, and counters that are never over them."""
