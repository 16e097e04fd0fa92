"""Forwarding what comes in to the agents' own callback URLs."""
