"""A tone in every form of sound, as libsndfile writes it, and what conversions make of it."""

import io
from collections.abc import AsyncIterator
from typing import Final

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from trunkline.core.sound.converting import Conversion
from trunkline.sdk import AudioFormat

TONE_HZ: Final = 440
MULAW, PCM, WAV, MP3, OPUS = AudioFormat
HEADERLESS: Final = {MULAW: ("ULAW", 8_000), PCM: ("PCM_16", 16_000)}
KINDS: Final = {
    MULAW: ("RAW", "ULAW", 8_000, 1),
    PCM: ("RAW", "PCM_16", 16_000, 1),
    WAV: ("WAV", "PCM_16", 22_050, 1),
    MP3: ("MP3", "MPEG_LAYER_III", 24_000, 1),
    OPUS: ("OGG", "OPUS", 24_000, 1),
}


def tone(rate: int, seconds: float = 1.0) -> NDArray[np.float64]:
    """Return a sine that no channel clips."""
    return 0.3 * np.sin(2 * np.pi * TONE_HZ * np.arange(round(rate * seconds)) / rate)


def made(kind: str, subtype: str, rate: int, channels: int, seconds: float = 1.0) -> bytes:
    """Return the tone as libsndfile writes it."""
    file = io.BytesIO()
    samples = np.stack([tone(rate, seconds)] * channels, axis=1)
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


async def pieces(data: bytes, size: int = 700) -> AsyncIterator[bytes]:
    """Return bytes as a network does."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def convert(data: bytes, source: AudioFormat, target: AudioFormat) -> tuple[bytes, float]:
    """Return the sound in another form, and how long it is said to be."""
    conversion = Conversion(pieces(data), source, target)
    made = b"".join([piece async for piece in conversion.pieces()])
    return made, conversion.duration_s


def heard(data: bytes, form: AudioFormat) -> tuple[NDArray[np.float64], int]:
    """Return the samples of one channel as libsndfile reads them, and their rate."""
    raw = {}
    if form in HEADERLESS:
        subtype, rate = HEADERLESS[form]
        raw = {"format": "RAW", "subtype": subtype, "samplerate": rate, "channels": 1}
    samples, rate = soundfile.read(io.BytesIO(data), always_2d=True, **raw)
    return samples[:, 0], rate


def assert_is_the_tone(data: bytes, form: AudioFormat, seconds: float) -> None:
    """Check how long it is, its pitch and how loud it is."""
    samples, rate = heard(data, form)
    assert len(samples) / rate == pytest.approx(seconds, abs=0.001)
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(TONE_HZ, abs=4)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)
