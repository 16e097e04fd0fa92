"""How many segments a text takes: what the carriers charge for."""

from enum import StrEnum
from typing import Final


class Encoding(StrEnum):
    """How a text travels."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


# 3GPP TS 23.038 §6.2.1 (default alphabet) and §6.2.1.1 (extension table: two septets each).
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")

# 3GPP TS 23.040 §9.2.3.24.1: 140 octets a segment; concatenation takes a header of 6 of them.
_SINGLE: Final = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
_PART: Final = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}


def count_segments(body: str) -> tuple[Encoding, int]:
    """Return the encoding `body` needs and how many segments it takes, at least one."""
    gsm = all(char in _BASIC or char in _EXTENDED for char in body)
    encoding = Encoding.GSM_7 if gsm else Encoding.UCS_2
    widths = [_width(char, encoding) for char in body]
    if sum(widths) <= _SINGLE[encoding]:
        return encoding, 1
    segments, room = 1, _PART[encoding]
    for width in widths:  # a character of two units is never split between two segments
        if width > room:
            segments, room = segments + 1, _PART[encoding]
        room -= width
    return encoding, segments


def _width(char: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM_7:
        return 2 if char in _EXTENDED else 1
    return 2 if ord(char) > 0xFFFF else 1
