"""WhatsApp through GREEN-API."""
