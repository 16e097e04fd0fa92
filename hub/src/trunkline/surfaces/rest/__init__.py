"""The operations as HTTP paths."""
