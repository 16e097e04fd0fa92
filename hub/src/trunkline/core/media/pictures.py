"""Pictures as a model can be shown them: small, and never unpacked before it is known how far."""

import importlib.util
import io
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What model vendors take (Anthropic, "Vision", 2026-11-30)."""
MOST_BYTES: Final = 1_000_000
"""As it goes through MCP, before base64."""
MOST_READ_BYTES: Final = 10_000_000
"""Of a picture that is scaled down."""
_MOST_PIXELS: Final = 40_000_000
_LONGEST_SIDE: Final = 8_000
"""No vendor takes more a side (Anthropic, "Vision", 2026-11-30)."""
_FITTING_SIDES: Final = (1_568, 1_024, 512)
"""What is larger than the first is scaled down by the vendor anyway (the same)."""
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
_DAMAGED: Final = "It is damaged and cannot be shown: follow the url."


def fitting(whole: bytes, content_type: str) -> tuple[bytes, str] | str:
    """Return a picture that can be shown, and its type; or a sentence that says why it cannot."""
    size = size_of(whole, content_type)
    if size is None:
        return "It says nothing of its size, so it is not shown: follow the url."
    if (too_large := _too_large(size)) is not None:
        return too_large
    can_unpack = importlib.util.find_spec("PIL") is not None
    return _seen(whole, content_type) if can_unpack else _unseen(whole, content_type, size)


def _seen(whole: bytes, content_type: str) -> tuple[bytes, str] | str:
    """Return a picture that Pillow can unpack, as it is or scaled down."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(whole), formats=_FORMATS) as picture:
            # A file may name its size twice, and its decoder believe the other one.
            if (too_large := _too_large(picture.size)) is not None:
                return too_large
            if len(whole) > MOST_BYTES or max(picture.size) > _LONGEST_SIDE:
                return _scaled(picture)
            picture.load()  # what a vendor cannot unpack ends a model's conversation
            return whole, content_type
    except Image.DecompressionBombError:
        return "It unpacks to too many pixels and is not shown: follow the url."
    except Exception:  # noqa: BLE001 - of damaged files decoders raise whatever comes up
        return _DAMAGED


def _unseen(whole: bytes, content_type: str, size: tuple[int, int]) -> tuple[bytes, str] | str:
    """Return a picture as it is, by its beginning and its end, where nothing can unpack it."""
    if len(whole) > MOST_BYTES or max(size) > _LONGEST_SIDE:
        return (
            "It is over 1 MB: follow the url, or install trunkline[pictures], with which it is "
            "scaled down."
        )
    return (whole, content_type) if _is_whole(whole, content_type) else _DAMAGED


def _is_whole(whole: bytes, content_type: str) -> bool:
    """Tell whether a picture begins and ends as one does, and is not cut off."""
    match content_type:
        case "image/png":
            return whole.count(b"IHDR") == 1 and b"IDAT" in whole and b"IEND\xaeB`\x82" in whole
        case "image/jpeg":
            return b"\xff\xda" in whole and b"\xff\xd9" in whole[-1_024:]
        case "image/gif":
            return len(whole) > 13 and whole.rstrip(b"\0").endswith(b";")
        case _:
            return len(whole) >= 8 + int.from_bytes(whole[4:8], "little") > 20


def _scaled(picture: "Image.Image") -> tuple[bytes, str] | str:
    for side in _FITTING_SIDES:
        picture.thumbnail((side, side))
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=80)
        if out.tell() <= MOST_BYTES:
            return out.getvalue(), "image/jpeg"
    return "It cannot be made small enough to be shown: follow the url."


def _too_large(size: tuple[int, int]) -> str | None:
    width, height = size
    if 0 < width * height <= _MOST_PIXELS:
        return None
    return f"It unpacks to {width} x {height} pixels and is not shown: follow the url."


def size_of(whole: bytes, content_type: str) -> tuple[int, int] | None:
    """Return the width and the height that a picture says it has, without unpacking it."""
    try:
        match content_type:
            case "image/png":
                return struct.unpack_from(">II", whole, 16) if whole[12:16] == b"IHDR" else None
            case "image/gif":
                return struct.unpack_from("<HH", whole, 6)
            case "image/webp":
                return _size_of_webp(whole)
            case "image/jpeg":
                return _size_of_jpeg(whole)
    except (struct.error, IndexError):
        return None
    return None


def _size_of_webp(whole: bytes) -> tuple[int, int] | None:
    """RFC 9649 §2.5 to §2.7."""
    match whole[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", whole, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            packed = int.from_bytes(whole[21:25], "little")
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = whole[24:27], whole[27:30]
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    return None


def _size_of_jpeg(whole: bytes) -> tuple[int, int] | None:
    """ITU-T T.81 §B.1.1.3, §B.2.2: the first frame header has it."""
    at = 2
    while whole[at] == 0xFF:
        marker = whole[at + 1]
        if marker == 0xFF:  # may fill up
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", whole, at + 5)
            return width, height
        (length,) = struct.unpack_from(">H", whole, at + 2)
        if length < 2:
            return None
        at += 2 + length
    return None
