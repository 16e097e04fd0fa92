"""Accounts that are registered while the hub runs, and what their providers keep."""
