"""Numbers as people write, copy and dial them."""

import re
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trunkline.core.numbers import (
    NotANumber,
    as_written,
    canonical,
    is_same,
    is_short_code,
    parse_number,
    region_of,
    spellings,
)

# --- read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155552671", None, "+14155552671"),
        ("+1 (415) 555-2671", None, "+14155552671"),
        ("415.555.2671", "US", "+14155552671"),
        ("1-415-555-2671", "US", "+14155552671"),
        ("011 44 20 7183 8750", "US", "+442071838750"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("0044 20 7183 8750", "DE", "+442071838750"),
        ("030/1234567", "DE", "+49301234567"),
        ("0171 / 1234567", "DE", "+491711234567"),
        ("712345", "AD", "+376712345"),
        ("+12025550150", None, "+12025550150"),
    ],
)
def test_a_number_is_read_as_it_is_dialled(text: str, country: str | None, number: str) -> None:
    assert parse_number(text, country) == number


COPIED = {
    "bidi embedding": "\u202a+1 415 555 2671\u202c",
    "bidi isolate": "\u2066+14155552671\u2069",
    "bidi marks": "\u200e+1\u200f 415 555 2671\u061c",
    "byte order mark": "\ufeff+14155552671",
    "zero width": "+1\u200b415\u200c555\u200d2671",
    "word joiner": "+1\u2060415\u2060555\u20602671",
    "soft hyphen": "+1\u00ad415\u00ad555\u00ad2671",
    "hyphen": "+1\u2010415\u2010555\u20102671",
    "hyphen that does not break": "+1\u2011415\u2011555\u20112671",
    "figure dash": "+1\u2012415\u2012555\u20122671",
    "en dash": "+1\u2013415\u2013555\u20132671",
    "em dash": "+1\u2014415\u2014555\u20142671",
    "bar": "+1\u2015415\u2015555\u20152671",
    "minus": "+1\u2212415\u2212555\u22122671",
    "slash": "+1/415/555/2671",
    "full width": "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff12\uff16\uff17\uff11",
    "full width plus": "\uff0b1 415 555 2671",
    "full width brackets": "+1\uff08415\uff09555\uff0d2671",
    "two pluses": "++14155552671",
    "trailing stop": "+1 (415) 555-2671.",
    "tel": "tel:+14155552671",
    "tel in capitals": "TEL:+1-415-555-2671",
    "tel, escaped": "tel:+1%20415%20555%202671",
    "tel with its context": "tel:415-555-2671;phone-context=+1",
    "blanks that do not break": "+1\u00a0415\u202f555\u20072671",
    "ideographic blank": "+1\u3000415\u3000555\u30002671",
    "Arabic digits": "+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0662\u0666\u0667\u0661",
    "Devanagari digits": "+\u0967\u096a\u0967\u096b\u096b\u096b\u096b\u0968\u096c\u096d\u0967",
}


@pytest.mark.parametrize("how", COPIED)
def test_case_b1_a_number_is_read_as_it_was_copied(how: str) -> None:
    assert parse_number(COPIED[how], "US") == "+14155552671"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+44 (0)20 7183 8750", "+442071838750"),
        ("+49 (0)30 1234567", "+49301234567"),
        ("+49 (0) 171 / 1234567", "+491711234567"),
        ("+39 06 1234 5678", "+390612345678"),
    ],
)
def test_case_b1_a_trunk_prefix_is_read_as_its_country_has_it(text: str, number: str) -> None:
    assert parse_number(text, None) == number


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "country", "says"),
    [
        ("", None, "give a phone number"),
        ("+", None, "give a phone number"),
        ("0", "US", "give a phone number"),
        ("+14155552671\0", None, "give a phone number"),
        ("<+14155552671>", None, "give a phone number"),
        ("415-555-2671", None, "begin the number with +"),
        ("+999123456789", None, "begin the number with +"),
        ("911", "US", "too few digits"),
        ("112", "DE", "too few digits"),
        ("22395", "US", "too few digits"),
        ("22395", "DE", "too few digits"),
        ("555-2671", "US", "too few digits"),
        ("+1 555 2671", None, "too few digits"),
        ("+1415555267", None, "too few digits"),
        ("+141555526711", None, "too many digits"),
        ("442071838750", "US", "too many digits"),
        ("+" + "1" * 300, None, "too many digits"),
        ("+49 30 1234 5030 67890", None, "too many digits"),
        ("agent4155552671", "US", "in digits"),
        ("bot-4155552671", "US", "in digits"),
        ("1-800-FLOWERS", "US", "in digits"),
        ("+1 800 FLOWERS", None, "in digits"),
        ("call +14155552671", None, "in digits"),
        ("sms:+14155552671", None, "in digits"),
        ("+14155552671 ext 5", None, "extension"),
        ("+14155552671;ext=5", None, "extension"),
        ("tel:+14155552671;ext=5", None, "extension"),
        ("+1 415 555 2671 x5", None, "extension"),
        ("+14155552671,,5#", None, "extension"),
        ("+14155552671 or +14155552672", None, "these are two"),
        ("+14155552671/+14155552672", None, "these are two"),
        ("4155552671/4155552672", "US", "these are two"),
        ("4155552671/x4155552672", "US", "these are two"),
        ("03012345/03067890", "DE", "these are two"),
    ],
)
def test_case_b1_what_is_more_or_less_than_a_number_is_refused_with_the_reason(
    text: str, country: str | None, says: str
) -> None:
    with pytest.raises(NotANumber, match=re.escape(says)):
        parse_number(text, country)


@given(st.text(max_size=40), st.sampled_from([None, "US", "GB", "DE"]))
def test_reading_a_number_never_breaks(text: str, country: str | None) -> None:
    with suppress(NotANumber):
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", parse_number(text, country))


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
@example("+9500000000")
def test_what_was_read_is_read_as_it_stands(text: str) -> None:
    try:
        number = parse_number(text, None)
    except NotANumber:
        return
    assert parse_number(number, None) == number
    assert as_written(text) == text


# --- newer than the library, or older -------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["+18615550123", "+14365550123", "+16795550123", "+15555550100", "+5215512345678"]
)
def test_case_b2_a_number_that_the_library_does_not_know_yet_is_read(number: str) -> None:
    assert parse_number(number, None) == number


def test_case_b2_nobody_can_tell_the_region_of_such_a_number() -> None:
    assert region_of("+999123456789") is None
    assert region_of("+18615550123") is None


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("+5215512345678", "+525512345678"),
        ("+525512345678", "+525512345678"),
        ("+4402071838750", "+442071838750"),
        ("+999123456789", "+999123456789"),
        ("22395", "22395"),
        ("ACMEBANK", "ACMEBANK"),
    ],
)
def test_case_b2_a_number_is_one_however_a_network_spells_it(address: str, one: str) -> None:
    assert canonical(address) == one
    assert address in spellings(address)
    assert one in spellings(address)
    assert is_same(address, one)


def test_a_mexican_number_is_found_as_it_was_until_2019_too() -> None:
    assert spellings("+525512345678") == ("+525512345678", "+5215512345678")


# --- no numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["911", "22395", "12345678"])
def test_case_b3_a_short_code_is_one_by_its_length(text: str) -> None:
    assert is_short_code(text)


@pytest.mark.parametrize("text", ["", "12", "123456789", "A1234", "+1415", "22395\n"])
def test_case_b3_anything_else_is_none(text: str) -> None:
    assert not is_short_code(text)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("+551187654321", "+5511987654321"),
        ("+5491123456789", "+541123456789"),
        ("+5215512345678", "+525512345678"),
    ],
)
def test_a_number_that_a_network_writes_in_another_way_is_the_same(
    written: str, dialled: str
) -> None:
    assert canonical(written) == canonical(dialled)
    for one, other in ((written, dialled), (dialled, written)):
        assert spellings(one)[0] == one
        assert other in spellings(one)
        assert parse_number(one, None) == one, "it is written to as it was given"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+551132654321", "+5511932654321"),  # a landline
        ("+551187654321", "+5521987654321"),
        ("+5491123456789", "+5491123456780"),
    ],
)
def test_numbers_that_only_look_alike_are_others(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert other not in spellings(one)
