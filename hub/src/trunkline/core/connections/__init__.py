"""Connections: configured provider accounts, opened when first used."""
