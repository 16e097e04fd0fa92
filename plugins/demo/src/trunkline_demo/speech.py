"""The voice and the ear of the simulated network: a placeholder sound for each text, and back."""

import asyncio
import io
import struct
import wave
from collections.abc import AsyncGenerator, Sequence
from functools import cache
from typing import Final

from trunkline.sdk import (
    AudioFormat,
    Billed,
    Recording,
    Rejected,
    Sound,
    Speech,
    SttProvider,
    Transcript,
    TtsProvider,
    Voice,
)
from trunkline_demo import tones
from trunkline_demo.config import MOST_SPOKEN

VOICE: Final = Voice(id="tones", name="Tones that stand for the text")
MOST_SOUND_BYTES: Final = 16 * 1024 * 1024

_PIECE: Final = 16
"""Tones in one piece: half a second."""


class DemoSpeech(TtsProvider):
    """Makes tones that last about as long as it takes to say the text, and say what it is."""

    async def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        if speech.voice not in (None, VOICE.id):
            raise Rejected("The simulated network has one voice, 'tones'.")
        if speech.format not in (AudioFormat.MULAW_8000, AudioFormat.WAV):
            raise Rejected("The simulated network speaks as µ-law or as a WAV.")
        if not speech.text.strip() or len(speech.text) > MOST_SPOKEN:
            raise Rejected(f"The simulated network speaks 1 to {MOST_SPOKEN} characters.")
        made = list(tones.tones(speech.text))
        telephone = speech.format is AudioFormat.MULAW_8000
        if not telephone:
            yield Sound(audio=_header(len(made) * tones.STEP * 2))
        of_tone = _spoken(speech.format)
        for at in range(0, len(made), _PIECE):
            yield Sound(audio=b"".join(of_tone[tone] for tone in made[at : at + _PIECE]))
            await asyncio.sleep(0)
        yield Sound(billed=Billed(units=len(speech.text)))

    async def voices(self) -> Sequence[Voice]:
        return [VOICE]


class DemoEar(SttProvider):
    """Reads the text back from the voice's tones; of everything else it understands nothing."""

    async def transcribe(self, recording: Recording) -> Transcript:
        heard = bytearray()
        async for piece in recording.audio:
            heard += piece
            if len(heard) > MOST_SOUND_BYTES:
                raise Rejected(f"The simulated network hears up to {MOST_SOUND_BYTES} bytes.")
        samples, duration_s = _samples(bytes(heard), recording.format)
        return Transcript(
            text=await asyncio.to_thread(tones.read, samples),
            duration_s=duration_s,
            billed=Billed(units=round(duration_s)),
        )


@cache
def _spoken(form: AudioFormat) -> Sequence[bytes]:
    """Return each tone in a form."""
    write = _mulaw if form is AudioFormat.MULAW_8000 else _pcm
    return [write(each) for each in map(tones.wave, range(16))]


def _samples(data: bytes, form: AudioFormat) -> tuple[Sequence[int], float]:
    """Return the samples of a sound at the tones' rate, or none, and how long it is."""
    match form:
        case AudioFormat.MULAW_8000:
            return [_MULAW_VALUES[code] for code in data], len(data) / tones.RATE
        case AudioFormat.PCM_16000:
            return _of_pcm(data)[::2], len(data) / 32_000
        case AudioFormat.WAV:
            return _of_wav(data)
    raise Rejected("The simulated network hears µ-law, PCM and WAV.")


def _of_wav(data: bytes) -> tuple[Sequence[int], float]:
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate, frames, *_ = file.getparams()
            read = file.readframes(frames)
    except (wave.Error, EOFError, struct.error) as error:
        raise Rejected("The simulated network cannot read this WAV.") from error
    if rate <= 0 or len(read) != frames * channels * width:
        raise Rejected("The WAV is cut off, or its header is wrong.")
    is_readable = width == 2 and rate % tones.RATE == 0
    samples = _of_pcm(read)[:: channels * (rate // tones.RATE)] if is_readable else ()
    return samples, frames / rate


def _of_pcm(data: bytes) -> Sequence[int]:
    if len(data) % 2:
        raise Rejected("The sound ends within a sample.")
    return struct.unpack(f"<{len(data) // 2}h", data)


def _pcm(samples: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def _header(size: int) -> bytes:
    """Return a WAV's header for so many bytes of samples."""
    rate, fmt = tones.RATE, struct.Struct("<4sI4s4sIHHIIHH4sI")
    return fmt.pack(
        *(b"RIFF", 36 + size, b"WAVE"),
        *(b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16),
        *(b"data", size),
    )


def _mulaw_value(code: int) -> int:
    """Return what a code of G.711 µ-law stands for."""
    bits = ~code & 0xFF
    size = (((bits & 15) << 3) + 132 << (bits >> 4 & 7)) - 132
    return -size if bits & 0x80 else size


_MULAW_VALUES: Final = tuple(map(_mulaw_value, range(256)))


def _mulaw(samples: Sequence[int]) -> bytes:
    codes = bytearray()
    for sample in samples:
        size = min(abs(sample), 32_635) + 132
        exponent = size.bit_length() - 8
        code = (0x80 if sample < 0 else 0) | exponent << 4 | size >> exponent + 3 & 15
        codes.append(~code & 0xFF)
    return bytes(codes)
