"""Recognition of speech through Deepgram."""
