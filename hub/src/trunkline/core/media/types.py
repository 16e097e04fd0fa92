"""
What bytes are, by themselves: nobody's word is taken for it.

The signatures are those of https://mimesniff.spec.whatwg.org (read 2026-11-30) and of the formats'
own specifications. What is not among them is text if it reads as UTF-8, else just bytes.
"""

import codecs
import re
from typing import Final

OCTETS: Final = "application/octet-stream"
SNIFFED_BYTES: Final = 4096
"""So many bytes of the beginning tell."""

_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    *((0, b"ID3" + bytes([version]), "audio/mpeg") for version in (2, 3, 4)),
    (0, b"#!AMR\n", "audio/amr"),
    (0, b"#!AMR-WB\n", "audio/amr-wb"),
    *((0, b"fLaC" + bytes([last, 0, 0, 34]), "audio/flac") for last in (0x00, 0x80)),
    (0, b"OggS\x00", "audio/ogg"),
    (0, b"MThd\x00\x00\x00\x06", "audio/midi"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-cfb"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"caff\x00\x01", "audio/x-caf"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS: Final = (  # of ISO base media files (ISO/IEC 14496-12): https://mp4ra.org
    (re.compile(rb"avi[fs]"), "image/avif"),
    (re.compile(rb"hei[cxms]|hev[cxms]|mif1|msf1"), "image/heic"),
    (re.compile(rb"M4[AB] "), "audio/mp4"),
    (re.compile(rb"3g[2gprst]."), "video/3gpp"),
    (re.compile(rb"qt  "), "video/quicktime"),
)
_IN_ZIP: Final = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_ZIPPED: Final = re.compile(
    rb"mimetype(application/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z]+(?:-[a-z]+)*))"
)
_HTML: Final = re.compile(rb"<!doctype html|<(?:html|head|body|script|iframe)[\s>]", re.IGNORECASE)
_CARD: Final = re.compile(rb"BEGIN:V(CARD|CALENDAR)", re.IGNORECASE)
_CFB: Final = frozenset(
    {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
)
_TEXTS: Final = re.compile(r"text/[a-z0-9.+-]+|application/(?:json|xml|[a-z0-9.-]+\+(?:json|xml))")
_Utf8: Final = codecs.getincrementaldecoder("utf-8")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def type_of(head: bytes, told: str | None) -> str:
    """
    Return the media type of what begins so.

    What somebody `told` counts only where it makes the same more precise: that a text is CSV.
    """
    found = _signed(head)
    told = None if told is None else _SAME.get(told, told)
    if found in ("audio/ogg", "video/webm", "video/mp4") and told is not None:
        same = {"audio/ogg": "video/ogg", "video/webm": "audio/webm", "video/mp4": "audio/mp4"}
        return told if told == same[found] else found
    if found == "application/x-cfb":
        return told if told in _CFB else found
    if found is not None:
        return found
    return _text(head, told) if is_text(head) else OCTETS


def _text(head: bytes, told: str | None) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(start):
        return "text/html"
    if start.startswith(b"<") and b"<svg" in start:
        return "image/svg+xml"
    if card := _CARD.match(start):
        return "text/vcard" if card[1].upper() == b"CARD" else "text/calendar"
    return told if told is not None and _TEXTS.fullmatch(told) else "text/plain"


def fits(told: str, found: str) -> bool:
    """Tell whether bytes that are `found` may pass for what somebody told."""
    told = _SAME.get(told, told)
    if told in (found, OCTETS):
        return True
    if found == OCTETS:  # but what always begins the same would have been found
        return told not in _CERTAIN
    if found in ("text/plain", "application/zip", "application/x-cfb"):
        closed = told.partition("/")[0] in ("image", "audio", "video") or told == "application/pdf"
        return not closed
    return found == "audio/ogg" and told == "video/ogg"


def may_stand_for(found: str, told: str) -> bool:
    """Tell whether bytes may be the picture or the sound that was told, not words in its place."""
    if told.partition("/")[0] not in ("image", "audio", "video"):
        return True
    return found not in ("text/plain", "text/html", OCTETS) or fits(told, found)


def file_name_of(name: str | None, content_type: str | None, number: int = 1) -> str:
    """Return what a file is called outside: as its sender said, else by its type and number."""
    ending = _ENDINGS.get(content_type or "", "")
    if name is not None:
        return name if _ENDING.search(name) else f"{name}{ending}"
    return f"file{ending or '.bin'}" if number == 1 else f"file-{number}{ending or '.bin'}"


_ENDING: Final = re.compile(r".\.[A-Za-z0-9]{1,10}\Z")
_ENDINGS: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/tiff": ".tiff",
    "image/bmp": ".bmp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/svg+xml": ".svg",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/flac": ".flac",
    "audio/webm": ".weba",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/ogg": ".ogv",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/rtf": ".rtf",
    "application/json": ".json",
    "application/xml": ".xml",
    "application/epub+zip": ".epub",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/vcard": ".vcf",
    "text/calendar": ".ics",
}
"""As their registrations have them (IANA); Python's own list differs from machine to machine."""
_CERTAIN: Final = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"),
        *("audio/wav", "audio/amr", "audio/amr-wb", "audio/ogg", "audio/midi"),
        *("application/gzip", "application/x-7z-compressed", "application/vnd.rar"),
    }
)
"""What always begins with its signature. Frames of MP3, for example, may come after anything."""
_SAME: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/heif": "image/heic",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/mp4a-latm": "audio/mp4",
    "audio/opus": "audio/ogg",
    "audio/vorbis": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/aacp": "audio/aac",
    "audio/3gpp": "video/3gpp",
    "audio/amr-nb": "audio/amr",
    "text/x-vcard": "text/vcard",
    "application/x-zip-compressed": "application/zip",
}
"""Other names of types, by the name that bytes are found by."""


def is_text(head: bytes) -> bool:
    """Tell whether what begins so is text in UTF-8; a letter may be cut off where more comes."""
    if _CONTROL.search(head):
        return False
    try:
        _Utf8().decode(head, final=len(head) < SNIFFED_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _signed(head: bytes) -> str | None:
    """Return the type whose signature bytes bear, if they bear one."""
    for offset, signature, name in _SIGNATURES:
        if head.startswith(signature, offset):
            return name
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp" and 8 <= int.from_bytes(head[:4]) <= SNIFFED_BYTES:
        return _branded(head)
    if head[:4] == b"PK\x03\x04":
        return _zipped(head)
    if head[:2] == b"BM" and len(head) > 26 and not any(head[6:10]):
        return "image/bmp"
    return _framed(head)


def _branded(head: bytes) -> str:
    """Return what an ISO base media file is, by its own brand, else by those it can pass for."""
    own, others = head[8:12], head[16 : min(int.from_bytes(head[:4]), 64)]
    found = (name for brand, name in _BRANDS if brand.match(own))
    pictures = (name for brand, name in _BRANDS[:2] if brand.search(others))
    return next(found, None) or next(pictures, "video/mp4")


def _framed(head: bytes) -> str | None:
    """Return what begins with a frame of sound (ISO/IEC 11172-3 §2.4.1.3, 13818-7 §6.2)."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return "audio/mpeg" if head[1] & 0xE6 in (0xE2, 0xE4) else None


def _zipped(head: bytes) -> str:
    """Return what a ZIP is the container of, by the names of its first files."""
    if zipped := _ZIPPED.match(head[30:160]):
        return zipped[1].decode().removesuffix("PK")
    if b"[Content_Types].xml" in head or head[30:41] == b"_rels/.rels":
        return next((name for part, name in _IN_ZIP if part in head), "application/zip")
    return "application/zip"
