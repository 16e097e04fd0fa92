"""Phone numbers as people write, copy and dial them."""

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

from trunkline.sdk import E164, e164

_REMEMBERED: Final = 1024
"""Numbers whose reading is remembered: it takes as long as all SQL of a send."""

_LONGEST: Final = 15
"""Most digits of a number with its country code (E.164 §6.2.1)."""

_SHORTEST: Final = 7
"""What is dialled with fewer digits may be a short code or an emergency number."""

# What may stand between the digits; libphonenumber knows the same (VALID_PUNCTUATION, 9.0.43).
# It finds numbers inside other text, too: "bot-2025550150" would be one.
_WRITTEN: Final = re.compile(r"[+\d ()\[\]./\u2010-\u2015\u2212\u30fc-]+")
_TEL_URI: Final = re.compile(r"tel:([^;]*)(?:;phone-context=\+\d+)?")
_SECOND: Final = re.compile(r"\d[^+]*\+")
_DIGIT: Final = re.compile(r"\d")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE: Final = re.compile(r"\d{3,8}")
_MOBILE_OF_OLD: Final = re.compile(r"\+521(\d{10})")

_ONE_OF_TWO: Final = (
    (re.compile(r"\+521(\d{10})"), r"+52\1"),
    (re.compile(r"\+549(\d{10})"), r"+54\1"),
    (re.compile(r"\+55([1-9]\d)([6-9]\d{7})"), r"+55\g<1>9\2"),
)
"""
Mobile numbers that networks write in two ways: with Mexico's 1, with Argentina's 9, and without the
9 that every mobile number of Brazil has begun with since 2016 (WhatsApp leaves it out for many).
"""

_COSTLY: Final = (
    "+1900",  # premium in North America
    "+1976",
    "+870",  # Inmarsat
    "+878",  # universal personal numbers
    "+881",  # satellite networks
    "+882",  # international networks, some of them satellites
    "+883",
    "+808",  # international shared cost
    "+979",  # international premium
    "+8835",
)
"""What numbers begin with that cost whoever dials them more (ITU-T E.164's list, 2026-11)."""
_COSTLY_KINDS: Final = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
    }
)

_MOST_SURPLUS: Final = 6
"""So many digits after a number are looked past."""

_EXAMPLE: Final = "such as +14155550100"
_NO_NUMBER: Final = f"give a phone number, {_EXAMPLE}."
_LETTERS: Final = f"give a phone number in digits, {_EXAMPLE}; letters are not dialled."
_EXTENSION: Final = "give the number without an extension: no text arrives at one."
_TWO: Final = "give one phone number; these are two."
_NO_COUNTRY: Final = f"begin the number with + and the code of its country, {_EXAMPLE}."
_TOO_SHORT: Final = (
    "the number has too few digits. Give all of it, with + and the code of its country; "
    "short codes and emergency numbers cannot be written to."
)
_TOO_LONG: Final = (
    "the number has too many digits. Give one number, with + and the code of its country."
)
_NO_SUCH_LENGTH: Final = "no number of that country has so many digits."
_OF_RESULT: Final = {
    ValidationResult.TOO_SHORT: _TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _TOO_SHORT,
    ValidationResult.TOO_LONG: _TOO_LONG,
    ValidationResult.INVALID_LENGTH: _NO_SUCH_LENGTH,
    ValidationResult.INVALID_COUNTRY_CODE: _NO_COUNTRY,
}
_OF_ERROR: Final = {
    NumberParseException.INVALID_COUNTRY_CODE: _NO_COUNTRY,
    NumberParseException.TOO_SHORT_AFTER_IDD: _TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: _TOO_SHORT,
    NumberParseException.TOO_LONG: _TOO_LONG,
}


class NotANumber(ValueError):
    """A text is no phone number that can be written to; the sentence says what to do."""


def parse_number(text: str, country: str | None) -> E164:
    """
    Return the number that `text` means; `country` is where national forms are dialled.

    It need not be in use, only possible: the numbers that are given out change faster than any
    library, so the provider decides.

    Raises:
        NotANumber: It is none, more than one, or more than a number.
    """
    plain = _plain(text)
    return _read(plain, None if plain.startswith("+") else country)


def as_written(text: str) -> E164 | None:
    """Return `text` if it has the form of a number in E.164, whether there can be such or not."""
    try:
        return e164(re.sub(r"[^+\d]", "", plain) if _is_written(plain := _plain(text)) else "")
    except ValueError:
        return None


def canonical(address: str) -> str:
    """
    Return the one spelling of the number that `address` is, or `address` if it is none.

    Providers hand on what networks tell them: with a trunk prefix, or as `_ONE_OF_TWO` lists.
    """
    if not address.startswith("+"):
        return address
    try:
        read = str(_read(address, None))
    except NotANumber:
        return address
    for written, one in _ONE_OF_TWO:
        if found := written.fullmatch(read):
            return found.expand(one)
    return read


def spellings(address: str) -> tuple[str, ...]:
    """Return how the number that `address` is may stand in a message, itself first."""
    one = canonical(address)
    other = one
    if re.fullmatch(r"\+5[24]\d{10}", one):
        other = f"{one[:3]}{'1' if one[2] == '2' else '9'}{one[3:]}"
    elif re.fullmatch(r"\+55\d\d9[6-9]\d{7}", one):
        other = f"{one[:5]}{one[6:]}"
    return tuple(dict.fromkeys((address, one, other)))


def is_same(one: str, other: str | None) -> bool:
    """Tell whether two addresses are the same number, or the same anything else."""
    return other is not None and canonical(one) == canonical(other)


def is_number(address: str) -> bool:
    """Tell whether `address` is a number, which can be answered, and no short code or name."""
    return bool(_E164.fullmatch(address))


def is_short_code(text: str) -> bool:
    """Tell whether `text` has the form of a short code, such as ``22395``."""
    return bool(_SHORT_CODE.fullmatch(text))


@lru_cache(_REMEMBERED)
def region_of(number: str) -> str | None:
    """Return the region a number belongs to, such as ``US``; None if nobody can tell."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except NumberParseException:
        return None
    return None if region is None else str(region)


@lru_cache(_REMEMBERED)
def regions_of(number: str) -> frozenset[str]:
    """Return the regions that a number may belong to; nothing of what is no number."""
    try:
        read = phonenumbers.parse(number)
    except NumberParseException:
        return frozenset()
    region = phonenumbers.region_code_for_number(read)
    if region is not None:
        return frozenset({str(region)})
    return frozenset(phonenumbers.region_codes_for_country_code(read.country_code or 0))


@lru_cache(_REMEMBERED)
def costs_extra(number: str) -> bool:
    """
    Tell whether whoever dials a number pays for more than a call: premium, satellite, shared.

    Networks connect a number as soon as it is whole, so digits after it make it no other.
    """
    if number.startswith(_COSTLY):
        return True
    for longest in range(len(number), max(len(number) - _MOST_SURPLUS, _SHORTEST), -1):
        try:
            kind = phonenumbers.number_type(phonenumbers.parse(number[:longest]))
        except NumberParseException:
            return False
        if kind != phonenumbers.PhoneNumberType.UNKNOWN:
            return kind in _COSTLY_KINDS
    return False


@lru_cache(_REMEMBERED)
def _plain(text: str) -> str:
    """Return `text` in ASCII digits, without what copying adds that nobody sees."""
    seen = (char for char in text if unicodedata.category(char) != "Cf")
    plain = " ".join(unicodedata.normalize("NFKC", "".join(seen)).split())
    if plain[:4].lower() == "tel:":
        plain = f"tel:{unquote(plain[4:])}"
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in plain)


def _is_written(plain: str) -> bool:
    return bool(_WRITTEN.fullmatch(plain) and _DIGIT.search(plain))


@lru_cache(_REMEMBERED)
def _read(plain: str, country: str | None) -> E164:
    uri = _TEL_URI.fullmatch(plain)
    written = uri[1] if uri else plain
    if _are_two(written):
        raise NotANumber(_TWO)
    try:
        number = phonenumbers.parse(plain, country)
    except NumberParseException as error:
        fault = _OF_ERROR.get(error.error_type, _NO_NUMBER)
        raise NotANumber(fault if _is_written(written) else _NO_NUMBER) from None
    if number.extension is not None:
        raise NotANumber(_EXTENSION)
    if not _is_written(written):
        raise NotANumber(_LETTERS if any(map(str.isalpha, written)) else _NO_NUMBER)
    read = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if read != plain and _reads_on(read):
        raise NotANumber(_NO_SUCH_LENGTH)
    if _MOBILE_OF_OLD.fullmatch(read):
        return e164(read)  # some providers still have numbers so
    result = phonenumbers.is_possible_number_with_reason(number)
    if result != ValidationResult.IS_POSSIBLE:
        raise NotANumber(_OF_RESULT[result])
    if len(read) > _LONGEST + 1:
        raise NotANumber(_TOO_LONG)
    is_short = "+" not in written and _digits(written) < _SHORTEST
    if len(read) < _SHORTEST + 1 or (is_short and not phonenumbers.is_valid_number(number)):
        raise NotANumber(_TOO_SHORT)
    return e164(read)


def _reads_on(read: str) -> bool:
    """Tell whether reading a number again makes another of it: it had two prefixes, or more."""
    again = phonenumbers.parse(read)
    return phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164) != read


def _are_two(written: str) -> bool:
    return bool(_SECOND.search(written)) or any(
        min(_digits(written[: slash.start()]), _digits(written[slash.end() :])) >= _SHORTEST
        for slash in re.finditer("/", written)
    )


def _digits(text: str) -> int:
    return len(_DIGIT.findall(text))
