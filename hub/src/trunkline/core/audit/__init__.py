"""The record: what was done and refused, in a chain that anyone can verify."""
