"""Take numbers, addresses, bodies and tokens out of anything that is about to be logged."""

import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePath
from typing import Final
from uuid import UUID

from trunkline.sdk.ids import type_prefixes

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
"""What JSON can say."""

_DEEPEST: Final = 8
_REDACTED: Final = "[redacted]"
_NUMBER: Final = "[number]"
_TOKEN: Final = "[token]"

# Keys whose value is never shown, whatever it is; "_" stands for itself, a dash or nothing.
_KEYS: Final = (
    *("address", "from", "from_address", "recipient", "sender", "to", "to_address"),
    *("bcc", "cc", "contact", "contact_number", "email", "email_address", "from_number", "phone"),
    *("phone_number", "to_number"),
    *("body", "content", "greeting", "html", "media_url", "media_urls", "message", "message_body"),
    *("prompt", "reply", "reply_text", "subject", "system_prompt", "text", "transcript"),
    *("cookie", "credentials", "passwd", "set_cookie"),
)
_KEY_ENDINGS: Final = ("api_key", "authorization", "password", "secret", "signature", "token")


def _written(names: Sequence[str]) -> str:
    return "|".join(name.replace("_", "[_-]?") for name in names)


_SECRET_KEY: Final = rf"(?:{_written(_KEYS)}|[a-z_-]{{0,40}}(?:{_written(_KEY_ENDINGS)}))"
_OWN_ID: Final = rf"(?:{'|'.join(type_prefixes)})_[0-9a-f]{{32}}"
_QUOTED: Final = r"""\\*b?"(?:[^"\\]|\\.)*(?:"|\Z) | \\*b?'(?:[^'\\]|\\.)*(?:'|\Z)"""
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_GAP: Final = r"(?:[\ \t.()/+\u00a0\u2007-\u2015\u202f\u2060-]|%20|%2[89df])"

_TELLTALE: Final = re.compile(
    rf"""
      (?P<token>
          tl_(?:agent|admin)_[\w-]+
        | \bbearer\s+[^\s,;"']+ | \bbasic\s+[\w+/=]{{12,}}
        | (?<=://)[^\s/@]+(?=@)                                         # user:password of a URL
      )
    | (?<![a-z]) {_SECRET_KEY} \\*["']?\s*[:=]\s* (?P<pair>            # body='…', "to": "…", to=…
          {_QUOTED} | [(\[] (?:\s*(?:{_QUOTED})\s*,?)+ [)\]]? | (?<==)[^\s,;&)\]}}"']+
      )
    | (?P<address> [\w.+%'-]{{1,64}} (?:@|%40) (?:[\w-]{{1,63}}\.){{0,8}} [^\W\d_][\w-]{{0,62}} )
    | (?P<harmless>
          (?<!\w) {_OWN_ID} (?!\w)
        | (?<!\w) [0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}} (?![\w-])
        | (?<!\w) \d{{4}}(?P<dash>[-/.])\d\d?(?P=dash)\d\d?               # a date, a time
          (?: [\ t]\d\d:\d\d(?: :\d\d(?:[.,]\d+)?)? (?:z|[+-]\d\d:?\d\d)? )? (?![\w.-]*\d)
        | (?<![\w.]) {_OCTET}(?:\.{_OCTET}){{3}} (?::\d{{1,5}})? (?![\w.]*\d)
        | (?<![\w.+-]) (?:0|[1-9]\d{{0,8}})\.\d{{1,9}} (?!{_GAP}{{0,3}}\d)  # a decimal fraction
      )
    | (?P<secret>                      # a path or base64 with upper case, lower case and digits
          (?<![\w+/-]) (?= (?:[\w+-]*/)*
              (?=[\w+-]*\d) (?=[\w+-]*(?-i:[a-z])) (?=[\w+-]*(?-i:[A-Z])) [\w+-]{{24}} )
          [\w+/-]+={{0,2}}
        | (?<![a-z0-9]) (?=[a-z]*\d) (?=\d*[a-z]) [a-z0-9]{{32,}}        # hexadecimal and the like
      )
    | (?P<number>
          (?P<plus> (?:[+\uff0b]|%2b) {_GAP}{{0,2}} | (?<![a-f0-9]) \(? )
          \d (?:{_GAP}{{0,3}}\d){{5,}} (?![\da-f])
      )
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# A quick look first: without one of these nothing above can match.
_SUSPECT: Final = re.compile(r"[\d@%:=]|tl_|bearer|basic", re.IGNORECASE)
_HARMLESS: Final = re.compile(_OWN_ID)
_GROUPS: Final = re.compile(r"\d+")


def masked(value: object) -> Plain:
    """
    Return what may be logged of `value`, as plain JSON values.

    Phone numbers, mail addresses and tokens are replaced wherever they stand, keys included; the
    value of a key such as ``body`` or ``to`` always. Of an object that is neither text, number,
    time, path nor collection only the name of its type is left.
    """
    return _masked(value, 0)


def masked_facts(facts: Mapping[str, object]) -> dict[str, Plain]:
    """Return what may be logged of named facts."""
    return _masked_pairs(facts, 1)


def masked_text(text: str) -> str:
    """Return `text` without numbers, addresses and tokens, and without what follows ``body=``."""
    if not _SUSPECT.search(text) or _HARMLESS.fullmatch(text):
        return text
    return _TELLTALE.sub(_replacement, text)


def _masked(value: object, depth: int) -> Plain:
    match value:
        case None | bool():
            return value
        case str() | date() | Decimal() | PurePath() | UUID():
            return masked_text(str(value))
        case int() if 10 <= len(str(abs(value))) <= 15:
            return _NUMBER
        case int() | float():
            return value if math.isfinite(value) else str(value)
        case bytes() | bytearray() | memoryview():
            pass
        case Mapping() | Sequence() | AbstractSet():
            return "[…]" if depth == _DEEPEST else _masked_each(value, depth + 1)
    return f"[{type(value).__name__}]"


def _masked_each(
    values: Mapping[object, object] | Sequence[object] | AbstractSet[object], depth: int
) -> Plain:
    if isinstance(values, Mapping):
        return _masked_pairs(values, depth)
    return [_masked(value, depth) for value in values]


def _masked_pairs(
    pairs: Mapping[str, object] | Mapping[object, object], depth: int
) -> dict[str, Plain]:
    each: dict[str, Plain] = {}
    for key, value in pairs.items():
        shown, is_secret = _key(str(key))
        each[shown] = _REDACTED if is_secret else _masked(value, depth)
    return each


@lru_cache(1024)
def _key(key: str) -> tuple[str, bool]:
    """Return a key as it is shown, and whether its value is not."""
    return masked_text(key), re.fullmatch(_SECRET_KEY, key, re.IGNORECASE) is not None


def _replacement(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "token" | "secret":
            return _TOKEN
        case "address":
            return "[address]"
        case "pair":
            return found[0].removesuffix(found["pair"]) + _REDACTED
        case "number" if _is_number(found):
            return _NUMBER
    return found[0]


def _is_number(found: re.Match[str]) -> bool:
    """
    Tell a phone number from other digits: by a plus or 9 digits, else by how it is grouped.

    With a plus 6 digits are enough: some countries' shortest numbers have no more.

    7 or 8 digits in one piece could as well be a count, and are left.
    """
    groups = _GROUPS.findall(found[0])
    digits = sum(map(len, groups))
    if found["plus"].strip("(") or digits >= 9:
        return True
    if digits < 7 or len(groups) == 1:
        return digits >= 7 and found[0][0] in "0("
    # A group of one digit is a list's, except in the middle, as in the Turkish 444 1 400.
    is_written_so = min(map(len, groups[1:])) > 1 or min(len(groups[0]), len(groups[-1])) > 2
    return is_written_so or found[0][0] in "0("
