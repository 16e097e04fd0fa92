"""Sounds to answer with, one of each form, and what form some bytes are of."""

import math
import struct
import wave
from io import BytesIO
from typing import Final

from trunkline.sdk import AudioFormat

_HEADS: Final = (b"RIFF", b"OggS", b"ID3", b"fLaC", b".snd", b"\x1aE\xdf\xa3", b"{", b"<")
"""What sound without a header does not begin with: other forms of it, and JSON and HTML."""

_KBPS: Final = {  # by whether it is MPEG-1: of layer III, by the four bits of a frame's header
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HZ: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Of MPEG 1, 2 and 2.5 (ISO/IEC 11172-3 and 13818-3, and Fraunhofer's extension)."""


def is_of(audio_format: AudioFormat, audio: bytes) -> bool:
    """Tell whether some bytes are of a form, by what they hold."""
    match audio_format:
        case AudioFormat.WAV:
            return audio[:4] == b"RIFF" and audio[8:12] == b"WAVE" and b"data" in audio[:4096]
        case AudioFormat.OGG_OPUS:
            return audio[:4] == b"OggS" and audio[28:36] == b"OpusHead"
        case AudioFormat.MP3:
            return _is_mp3(audio)
    bare = bool(audio) and not audio.startswith(_HEADS) and not _is_mp3(audio)
    return bare and (audio_format is AudioFormat.MULAW_8000 or len(audio) % 2 == 0)


def sound_of(audio_format: AudioFormat, duration_s: float = 1.0) -> bytes:
    """Return a sound of a form: a tone, or silence where a tone would need an encoder."""
    match audio_format:
        case AudioFormat.MULAW_8000:
            return bytes(map(_mulaw, _tone(8_000, duration_s)))
        case AudioFormat.PCM_16000:
            return _pcm(_tone(16_000, duration_s))
        case AudioFormat.WAV:
            file = BytesIO()
            with wave.open(file, "wb") as written:
                written.setparams((1, 2, 16_000, 0, "NONE", ""))
                written.writeframes(_pcm(_tone(16_000, duration_s)))
            return file.getvalue()
        case AudioFormat.MP3:  # MPEG-2 at 24 kHz and 48 kbit/s: frames of 24 ms and 144 bytes
            return (b"\xff\xf3\x64\xc4" + bytes(140)) * math.ceil(duration_s / 0.024)
        case AudioFormat.OGG_OPUS:
            return _opus(math.ceil(duration_s / 0.02))


def _is_mp3(audio: bytes) -> bool:
    """Tell whether two frames of layer III follow one another, or one is all there is."""
    at = 0
    if audio[:3] == b"ID3" and len(audio) > 10:
        at = 10 + sum(
            each << shift for each, shift in zip(audio[6:10], (21, 14, 7, 0), strict=True)
        )
    length = _frame(audio[at:])
    return length is not None and (
        len(audio) <= at + length or _frame(audio[at + length :]) is not None
    )


def _frame(audio: bytes) -> int | None:
    """Return the length of the frame of layer III that some bytes begin with."""
    if len(audio) < 4:
        return None
    head = int.from_bytes(audio[:4], "big")
    version, layer, rate, kbps = head >> 19 & 3, head >> 17 & 3, head >> 10 & 3, head >> 12 & 15
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or rate == 3 or kbps in {0, 15}:
        return None
    bits = _KBPS[version == 3][kbps - 1] * 1_000
    return bits * (144 if version == 3 else 72) // _HZ[version][rate] + (head >> 9 & 1)


def _tone(hertz: int, duration_s: float) -> list[int]:
    return [
        round(8_000 * math.sin(2 * math.pi * 440 * at / hertz))
        for at in range(round(hertz * duration_s))
    ]


def _pcm(samples: list[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def _mulaw(sample: int) -> int:
    """Return a sample of 16 bits as ITU-T G.711 has it."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32_635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 15) & 0xFF


def _opus(packets: int) -> bytes:
    """Return Ogg pages of Opus (RFC 3533, RFC 7845): its two headers, and silence of 20 ms each."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 16_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 4) + b"none" + struct.pack("<I", 0)
    pages = [_page(2, 0, 0, head), _page(0, 0, 1, tags)]
    for number in range(packets):
        last = 4 if number == packets - 1 else 0
        pages.append(_page(last, 960 * (number + 1), number + 2, b"\xf8\xff\xfe"))
    return b"".join(pages)


def _page(flags: int, position: int, number: int, packet: bytes) -> bytes:
    fields = struct.pack("<4sBBqIIIBB", b"OggS", 0, flags, position, 1, number, 0, 1, len(packet))
    crc = 0
    for byte in fields + packet:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return fields[:22] + struct.pack("<I", crc) + fields[26:] + packet
