"""Texts through Twilio."""
