"""Sounds as the simulated network carries them: measured, kept as WAV, put together."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WAV: Final = "audio/wav"
MULAW: Final = "audio/basic"
"""G.711 µ-law at 8 kHz without a header (RFC 2046)."""

_MULAW_RATE: Final = 8_000
_PCM_TAG, _MULAW_TAG, _EXTENSIBLE_TAG = 1, 7, 0xFFFE
_HEADER_BYTES: Final = 44
_UNKNOWN_BYTES_PER_S: Final = 4_000
"""What is neither WAV nor µ-law is taken for this much a second: MP3 of 32 kbit/s."""


class UnreadableSound(ValueError):
    """It is no WAV of whole samples or µ-law; the message is a sentence for whoever gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One sound: WAV of 16-bit mono samples, or, played only, whatever it came as."""

    content: bytes
    content_type: str
    duration_s: float

    def cut(self, duration_s: float) -> "Sound":
        """Return the beginning of it, where its form can be cut."""
        if self.duration_s <= duration_s or self.content_type != WAV:
            return self
        rate = _rate(self)
        return _wav(rate, self.content[_HEADER_BYTES:][: 2 * int(rate * duration_s)])


def read_sound(content: bytes, content_type: str | None) -> Sound:
    """
    Return a sound as the network keeps it.

    Raises:
        UnreadableSound: It is called WAV and is none, or has no samples.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if content[:4] == b"RIFF" or media_type in {WAV, "audio/x-wav", "audio/wave"}:
        return _read_wav(content)
    if media_type == MULAW:
        return _whole(_MULAW_RATE, _from_mulaw(content))
    if not content:
        raise UnreadableSound("The sound is empty.")
    return Sound(
        content=content,
        content_type=media_type or "application/octet-stream",
        duration_s=len(content) / _UNKNOWN_BYTES_PER_S,
    )


def together(sounds: Sequence[Sound]) -> Sound | None:
    """Return the sounds one after another, in the first one's form; None of none."""
    if not sounds:
        return None
    first = sounds[0]
    alike = [each for each in sounds if each.content_type == first.content_type]
    if first.content_type == WAV:
        rate = _rate(first)
        return _wav(rate, b"".join(_at_rate(each, rate) for each in alike))
    return Sound(
        content=b"".join(each.content for each in alike),
        content_type=first.content_type,
        duration_s=sum(each.duration_s for each in alike),
    )


def _wav(rate: int, samples: bytes) -> Sound:
    """Return 16-bit mono samples with their header."""
    header = b"RIFF%sWAVEfmt %sdata%s" % (
        struct.pack("<I", _HEADER_BYTES - 8 + len(samples)),
        struct.pack("<IHHIIHH", 16, _PCM_TAG, 1, rate, 2 * rate, 2, 16),
        struct.pack("<I", len(samples)),
    )
    return Sound(content=header + samples, content_type=WAV, duration_s=len(samples) / (2 * rate))


def _rate(sound: Sound) -> int:
    rate: int = struct.unpack_from("<I", sound.content, 24)[0]
    return rate


def _whole(rate: int, samples: bytes) -> Sound:
    if not samples:
        raise UnreadableSound("The sound is empty.")
    return _wav(rate, samples)


def _read_wav(content: bytes) -> Sound:
    """Read RIFF: the first channel of 8 or 16-bit samples, or of µ-law."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise UnreadableSound("The sound is no WAV.")
    form = samples = None
    at = 12
    while at + 8 <= len(content) and samples is None:
        name, size = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        if name == b"fmt " and size >= 16 and at + 24 <= len(content):
            form = struct.unpack_from("<HHIIHH", content, at + 8)
            if form[0] == _EXTENSIBLE_TAG and at + 34 <= len(content):
                form = (*struct.unpack_from("<H", content, at + 32), *form[1:])
        elif name == b"data":
            samples = content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    if form is None or samples is None:
        raise UnreadableSound("The WAV has no samples.")
    tag, channels, rate, _, _, bits = form
    if not 1 <= channels <= 8 or not 4_000 <= rate <= 192_000:
        raise UnreadableSound("The WAV has channels or a rate that no telephone knows.")
    return _whole(rate, _first_channel(samples, tag, channels, bits))


def _first_channel(samples: bytes, tag: int, channels: int, bits: int) -> bytes:
    match tag, bits:
        case (1, 16):
            whole = samples[: len(samples) - len(samples) % (2 * channels)]
            if channels == 1:
                return whole
            return memoryview(whole).cast("h")[::channels].tobytes()
        case (1, 8):
            return b"".join(struct.pack("<h", (each - 128) << 8) for each in samples[::channels])
        case (7, 8):
            return _from_mulaw(samples[::channels])
    raise UnreadableSound("Give WAV of 8 or 16-bit samples, or of µ-law.")


def _linear(code: int) -> bytes:
    """Return the sample of a code of G.711 µ-law (ITU-T G.711, 1988, table 2a)."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 0x07)) - 0x84
    return struct.pack("<h", -magnitude if code & 0x80 else magnitude)


_LINEAR: Final = tuple(_linear(code) for code in range(256))


def _from_mulaw(codes: bytes) -> bytes:
    return b"".join(map(_LINEAR.__getitem__, codes))


def _at_rate(sound: Sound, rate: int) -> bytes:
    """Return a sound's samples at another rate: the nearest of them, as a cheap phone would."""
    own, samples = _rate(sound), sound.content[_HEADER_BYTES:]
    if own == rate:
        return samples
    view = memoryview(samples).cast("h")
    picked = (view[at * own // rate] for at in range(len(view) * rate // own))
    return b"".join(map(struct.Struct("<h").pack, picked))
