"""Text as sound, and sound as text."""
