"""Providers' callbacks as HTTP paths."""
