"""The forms that sound has on its way through the hub."""

from enum import StrEnum


class AudioFormat(StrEnum):
    """One form of sound. What has no header is mono."""

    MULAW_8000 = "mulaw_8000"
    """G.711 µ-law at 8 kHz without a header: what telephones carry."""

    PCM_16000 = "pcm_16000"
    """Signed 16-bit little-endian samples at 16 kHz without a header."""

    WAV = "wav"
    """RIFF, of whatever samples it says."""

    MP3 = "mp3"
    """MPEG-1 or 2, layer III."""

    OGG_OPUS = "ogg_opus"
    """Opus in Ogg: what WhatsApp shows as a voice message."""

    @property
    def content_type(self) -> str:
        """The media type."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES = {
    AudioFormat.MULAW_8000: "audio/basic",
    AudioFormat.PCM_16000: "audio/L16; rate=16000; channels=1",
    AudioFormat.WAV: "audio/wav",
    AudioFormat.MP3: "audio/mpeg",
    AudioFormat.OGG_OPUS: "audio/ogg; codecs=opus",
}
