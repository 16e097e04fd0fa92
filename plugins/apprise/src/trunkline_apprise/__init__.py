"""Alerts to chats, push services and pagers, through Apprise."""
