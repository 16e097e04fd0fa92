"""
Speaks its standard input with the espeak-ng of `espeakng-loader`, as a WAV to standard output.

A program, run in a process of its own: ``python espeak_child.py PACKAGE VOICE``, where PACKAGE is
the loader's ``__init__.py``. espeak-ng is under the GPL and is never loaded into the hub. Exit
codes: 2 the library does not work here, 3 it does not have the voice, 4 it stopped.
"""

import ctypes
import struct
import sys
from pathlib import Path

SYNCHRONOUS, UTF8 = 2, 1  # AUDIO_OUTPUT_SYNCHRONOUS and espeakCHARS_UTF8 of speak_lib.h


class Voice(ctypes.Structure):
    """espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def main(package: str, voice: str) -> int:
    """Speak; return the exit code."""
    library = ctypes.CDLL(_library(Path(package).parent))
    rate = library.espeak_Initialize(SYNCHRONOUS, 200, str(Path(package).parent).encode(), 0)
    if rate <= 0:
        return 2
    named = Voice(languages=voice.encode())  # a name is that of a file, which is not always the tag
    if library.espeak_SetVoiceByName(voice.encode()) and library.espeak_SetVoiceByProperties(
        ctypes.byref(named)
    ):
        return 3
    text = sys.stdin.buffer.read()
    out = sys.stdout.buffer
    # The length is not known yet, and the header says so, as espeak-ng's own does.
    out.write(
        struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            *(b"RIFF", 0x7FFFF024, b"WAVE"),
            *(b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16),
            *(b"data", 0x7FFFF000),
        )
    )

    def heard(samples: int, count: int, events: int) -> int:
        if samples and count > 0:
            out.write(ctypes.string_at(samples, count * 2))
            out.flush()
        return 0

    form = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    callback = form(heard)
    library.espeak_SetSynthCallback(callback)
    size = ctypes.c_size_t(len(text) + 1)
    failed = library.espeak_Synth(text + b"\0", size, 0, 1, 0, UTF8, None, None)
    return 4 if failed or library.espeak_Synchronize() else 0


def _library(folder: Path) -> str:
    names = ("libespeak-ng.so", "libespeak-ng.dylib", "espeak-ng.dll")
    return str(next(folder / name for name in names if (folder / name).exists()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
