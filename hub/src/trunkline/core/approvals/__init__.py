"""What waits until a person has looked at it, and what they said."""
