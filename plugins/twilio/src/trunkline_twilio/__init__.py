"""Texts and WhatsApp messages through Twilio."""
