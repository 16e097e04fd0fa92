"""The hub's suite of speech recognition, run against the ear of the simulated network."""

import asyncio
import struct
from collections.abc import Sequence
from functools import cache
from typing import Final

from trunkline.sdk import AudioFormat, Billed, Rejected, Speech, Transcript
from trunkline.testing import BaseSttConformance, Canned
from trunkline_demo.plugin import DemoPlugin
from trunkline_demo.speech import DemoSpeech

TEXT: Final = "Call me back — grüße!"
SILENCE: Final = bytes(3_200)
NOBODY: Final = Canned(status=500)


@cache
def spoken(form: AudioFormat) -> bytes:
    """Return the text in the network's own tones."""

    async def speak() -> bytes:
        sounds = DemoSpeech().synthesize(Speech(text=TEXT, format=form))
        return b"".join([each.audio async for each in sounds])

    return asyncio.run(speak())


def as_samples(wav: bytes) -> bytes:
    """Return a WAV of 8 kHz as samples at 16 kHz."""
    samples = struct.unpack(f"<{(len(wav) - 44) // 2}h", wav[44:])
    return b"".join(struct.pack("<hh", each, each) for each in samples)


class TestDemoRecognition(BaseSttConformance):
    (spec,) = DemoPlugin().trunkline_register_stt()
    config = {"signing_key": "0123456789abcdef0123456789abcdef"}  # noqa: RUF012 - of the class
    over_http = False
    formats = (AudioFormat.WAV, AudioFormat.MULAW_8000, AudioFormat.PCM_16000)
    answers = dict.fromkeys(("transcribed", "nothing_said", "unreadable"), NOBODY)
    means = {  # noqa: RUF012
        "transcribed": Transcript(text=TEXT, duration_s=2.112, billed=Billed(units=2)),
        "nothing_said": Transcript(text="", duration_s=0.2, billed=Billed(units=0)),
        "unreadable": Rejected(""),
    }

    def sound(self, scenario: str, audio_format: AudioFormat) -> Sequence[bytes]:
        """Return what the network speaks, which it alone understands."""
        wav = spoken(AudioFormat.WAV)
        if scenario == "nothing_said":
            size = struct.pack("<I", len(SILENCE))
            return [wav[:40], size, SILENCE]
        if scenario == "unreadable":
            return [b"RIFF", b"of something else"]
        of_form = {
            AudioFormat.WAV: wav,
            AudioFormat.MULAW_8000: spoken(AudioFormat.MULAW_8000),
            AudioFormat.PCM_16000: as_samples(wav),
        }
        whole = of_form.get(audio_format, wav)
        return [whole[at : at + 4_000] for at in range(0, len(whole), 4_000)]
