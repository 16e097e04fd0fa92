"""Getting an agent its channels: numbers, WhatsApp senders, mail addresses, and their end."""
