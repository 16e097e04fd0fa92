"""Texts that an operator wrote beforehand, with variables: one id for every channel."""
