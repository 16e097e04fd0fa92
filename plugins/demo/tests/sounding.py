"""Sounds of a known length."""

import array
import io
import math
import wave


def tone(seconds: float, *, rate: int = 8_000, channels: int = 1, width: int = 2) -> bytes:
    """Return a WAV of 440 Hz."""
    frames = [math.sin(math.tau * 440 * at / rate) for at in range(int(seconds * rate))]
    form, scale, middle = ("h", 9_000, 0) if width == 2 else ("B", 90, 128)
    levels = [middle + int(each * scale) for each in frames]
    samples = array.array(form, [each for each in levels for _ in range(channels)])
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return held.getvalue()
