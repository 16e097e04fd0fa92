"""What is kept, and what is forgotten in time."""
