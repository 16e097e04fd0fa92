"""Forwarding what comes in, and what failed, to the agents' own callback URLs."""
