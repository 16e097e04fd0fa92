"""How samples lie in bytes, where they are not compressed."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from trunkline.sdk import AudioFormat


class Coding(Enum):
    """What one sample is: the format tag of a WAV, and its bits."""

    PCM_8 = (1, 8)
    PCM_16 = (1, 16)
    PCM_24 = (1, 24)
    PCM_32 = (1, 32)
    FLOAT_32 = (3, 32)
    FLOAT_64 = (3, 64)
    ALAW = (6, 8)
    MULAW = (7, 8)

    @property
    def tag(self) -> int:
        """The format tag (RFC 2361)."""
        return self.value[0]

    @property
    def bits(self) -> int:
        """Of one sample."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """
    The samples of a sound.

    Attributes:
        rate: In hertz.
        channels: How many samples a frame has, one for each channel.
    """

    coding: Coding
    rate: int
    channels: int = 1

    @property
    def frame_bytes(self) -> int:
        """How many bytes one frame takes."""
        return self.channels * self.coding.bits // 8

    def duration_s(self, size_bytes: int) -> float:
        """Return how long so many bytes last."""
        return size_bytes / self.frame_bytes / self.rate


RAW: Final = {
    AudioFormat.MULAW_8000: Layout(coding=Coding.MULAW, rate=8_000),
    AudioFormat.PCM_16000: Layout(coding=Coding.PCM_16, rate=16_000),
}
"""The layouts of formats without a header."""
