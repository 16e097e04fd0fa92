"""Who can be written to by WhatsApp: by number, and by the id of who shows none."""

import pytest

from trunkline.core.channels.whatsapp import WhatsApp

RULES = WhatsApp()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("+14155550199", "+14155550199"),
        ("US.13491208655302741918", "US.13491208655302741918"),
        (" BR.aB9 ", "BR.aB9"),
        ("US.ENT.11815799212886844830", "US.ENT.11815799212886844830"),
    ],
)
def test_a_person_is_a_number_or_an_id_of_any_country(text: str, address: str) -> None:
    assert RULES.read_address(text, None) == address


@pytest.mark.parametrize(
    "text", ["us.123", "USA.123", "US.", "US.1-2", f"US.{'1' * 129}", "US.ENT.", "zoe@example.com"]
)
def test_nothing_else_is_a_person(text: str) -> None:
    assert RULES.read_address(text, None) is None
