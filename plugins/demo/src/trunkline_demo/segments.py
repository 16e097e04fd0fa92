"""How many segments a text takes, so that the network's final price is per segment."""

from typing import Final

# The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1), less the escape.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")


def segments(body: str) -> int:
    """Return the number of segments of `body`, at least 1; a character is never split."""
    if set(body) <= _BASIC | _EXTENSION:
        sizes = [2 if character in _EXTENSION else 1 for character in body]
        single, part = 160, 153  # septets; a part carries a 7-septet header
    else:
        sizes = [2 if ord(character) > 0xFFFF else 1 for character in body]
        single, part = 70, 67  # UTF-16 code units
    if sum(sizes) <= single:
        return 1
    count, room = 1, part
    for size in sizes:
        if size > room:
            count, room = count + 1, part
        room -= size
    return count
