"""A simulated network for Trunkline: numbers, handsets, delivery reports, replies and faults."""
