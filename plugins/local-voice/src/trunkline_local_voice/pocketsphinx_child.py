"""
Recognises what is said in its standard input, and writes it as JSON to standard output.

A program, run in a process of its own, so that half a minute of computing holds nobody up: a line
of JSON ``{"format": …, "phrases": […]}``, then the sound. Exit codes: 2 the sound cannot be read.
"""

import io
import json
import re
import sys
from typing import Any, Final

import numpy as np
import pocketsphinx
import soundfile
import soxr
from numpy.typing import NDArray

RATE: Final = 16_000
_HEADERLESS: Final = {"mulaw_8000": ("ULAW", 8_000), "pcm_16000": ("PCM_16", RATE)}
_PAUSE: Final = np.zeros(RATE * 3 // 10, np.int16)
"""Before and behind: a word at the very edge is missed."""

_AUDIBLE: Final = 100.0
"""How loud the loudest 50 ms must be, as the root of the mean square of 16-bit samples."""


def main() -> int:
    """Recognise; return the exit code."""
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        samples = _samples(sys.stdin.buffer.read(), asked["format"])
    except soundfile.SoundFileError:
        return 2
    text = _heard(samples, asked["phrases"]) if _is_audible(samples) else ""
    json.dump({"text": text, "duration_s": len(samples) / RATE}, sys.stdout)
    return 0


def _samples(data: bytes, form: str) -> NDArray[np.int16]:
    """Return the sound as one channel at the recogniser's rate."""
    raw: dict[str, Any] = {}
    if form in _HEADERLESS:
        subtype, rate = _HEADERLESS[form]
        raw = {"format": "RAW", "subtype": subtype, "samplerate": rate, "channels": 1}
    frames, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True, **raw)
    mono = frames.mean(axis=1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    return np.asarray(np.clip(mono * 32_767, -32_768, 32_767), np.int16)


def _is_audible(samples: NDArray[np.int16]) -> bool:
    size = RATE // 20
    if len(samples) < size:
        return False
    blocks = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float32)
    return bool(np.sqrt((blocks**2).mean(axis=1)).max() >= _AUDIBLE)


def _heard(samples: NDArray[np.int16], phrases: list[str]) -> str:
    """
    Return what is said: one of the phrases, if there are any whose words are all known.

    How sure it is is not told: pocketsphinx says 1.0 of everything (measured, November 2026).
    """
    decoder = pocketsphinx.Decoder(samprate=RATE, loglevel="FATAL", bestpath=True)
    as_given: dict[str, str] = {}
    for phrase in phrases:
        words = " ".join(
            re.findall(
                r"[a-z]+(?:'[a-z]+)*",
                phrase.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"),
            )
        )
        if words and all(decoder.lookup_word(word) for word in words.split()):
            as_given.setdefault(words, phrase)
    if as_given:
        rule = " | ".join(as_given)
        decoder.add_jsgf_string("phrases", f"#JSGF V1.0; grammar said; public <said> = {rule};")
        decoder.activate_search("phrases")
    decoder.start_utt()
    decoder.process_raw(np.concatenate([_PAUSE, samples, _PAUSE]).tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    said = found.hypstr if found else ""
    return as_given.get(said, said)


if __name__ == "__main__":
    sys.exit(main())
