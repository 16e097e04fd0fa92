"""Agents, their slots in the pool, and their tokens."""
