"""Bytes of a mail as text, whatever their label says; it never raises."""

import codecs
import re
from functools import lru_cache
from typing import Final

_LABEL: Final = re.compile(r"[a-z0-9_.:-]{1,40}")
_MOST_DECODED: Final = 64
"""Labels that are remembered."""

# What senders write for another one; those of the WHATWG's Encoding standard that Python lacks.
_MEANT: Final = {
    **dict.fromkeys(("gb2312", "gb_2312-80", "gbk", "x-gbk", "euc-cn", "csgb2312"), "gb18030"),
    **dict.fromkeys(("ks_c_5601-1987", "ks_c_5601", "euc-kr", "ksc5601"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin1", "l1"), "cp1252"),
    "big5": "big5hkscs",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}
# Python's other codecs are no charsets of mails; punycode takes quadratic time.
_SINGLE: Final = re.compile(r"cp\d+|iso8859-\d+|koi8-.|mac-\w+|ptcp154|kz1048|hp-roman8|tis-620")
_MULTIPLE: Final = re.compile(
    r"utf-8|utf-8-sig|gb18030|big5hkscs|cp9(?:32|49|50)|euc_\w+|shift_jis\w*|johab"
)
_WITH_STATES: Final = re.compile(r"utf-7|utf-16(?:-[lb]e)?|utf-32(?:-[lb]e)?|iso2022_\w+|hz")
_CUT_CHARACTER_BYTES: Final = 3
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LINE_END: Final = re.compile("\r{0,3}\n\r?|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_UNDRAWN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


def decoded(data: bytes, label: str | None = None) -> str:
    """
    Return `data` as text: by its label where that can be true, else as it is most likely meant.

    What is valid UTF-8 is UTF-8, whatever single-byte charset the label says, since other text
    hardly ever is. An unknown label is none, and what is left is Windows-1252.
    """
    codec = _codec((label or "").strip().strip("\"'").lower())
    if _WITH_STATES.fullmatch(codec):
        return _sound(data.decode(codec, "replace"))
    if data.isascii():
        return data.decode("ascii")
    if _MULTIPLE.fullmatch(codec) and codec not in {"utf-8", "utf-8-sig"}:
        return _sound(data.decode(codec, "replace"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if codec in {"", "utf-8", "utf-8-sig"}:
            return _nearly_utf_8(data, error)
    return _one_by_one(data) if codec == "cp1252" else _sound(data.decode(codec, "replace"))


def header_text(data: bytes) -> str:
    """Return a header's bytes as text: UTF-8 if they are, else Windows-1252."""
    if data.isascii():
        return data.decode("ascii")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _one_by_one(data)


def lines_of(text: str) -> str:
    """Return `text` with one kind of line end and without NUL and other controls."""
    return _CONTROL.sub("", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """Return `text` without controls, what ends lines and runs of white space as one blank."""
    return " ".join(_CONTROL.sub("", _LINE_END.sub(" ", text)).split())


def drawn(text: str) -> str:
    """Return a name as one line of what can be seen, without what changes its direction."""
    return " ".join(_UNDRAWN.sub("", one_line(text)).split())


@lru_cache(_MOST_DECODED)
def _codec(label: str) -> str:
    """Return the name of Python's codec for a label, empty where there is none."""
    if not _LABEL.fullmatch(label):
        return ""
    try:
        name = codecs.lookup(_MEANT.get(label, label)).name
    except (LookupError, ValueError):
        return ""
    known = (_SINGLE, _MULTIPLE, _WITH_STATES)
    return name if any(each.fullmatch(name) for each in known) else ""


def _nearly_utf_8(data: bytes, error: UnicodeDecodeError) -> str:
    """Tell UTF-8 with a mistake, or cut within a character, from another charset."""
    if error.start >= len(data) - _CUT_CHARACTER_BYTES and not data[: error.start].isascii():
        return data[: error.start].decode("utf-8-sig")
    text = data.decode("utf-8-sig", "replace")
    wrong = text.count("\ufffd")
    right = sum(1 for each in text if each > "\x7f") - wrong if wrong else 0
    return text if right > wrong else _one_by_one(data)


def _one_by_one(data: bytes) -> str:
    """Return Windows-1252; the five bytes that it leaves out are read as Latin-1 has them."""
    return data.decode("cp1252", "trunkline_latin_1")


def _latin_1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("trunkline_latin_1", _latin_1)


def _sound(text: str) -> str:
    """Return `text` without halves of surrogate pairs, which no database and no JSON takes."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
