"""Speech through ElevenLabs, for Trunkline."""
