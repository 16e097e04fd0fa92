"""Phone numbers as everybody here writes them: E.164."""

import re
from typing import Final, NewType

E164 = NewType("E164", str)
"""A phone number such as ``+14155550100``: plus, country code, subscriber number, digits only."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DEMO: Final = re.compile(r"\+120255501[0-9]{2}")


def e164(text: str) -> E164:
    """Return `text` as an E.164 number; ValueError when it is not written as one."""
    if not _E164.fullmatch(text):
        raise ValueError("not a phone number in E.164 form, such as +14155550100")
    return E164(text)


def is_demo_number(number: str) -> bool:
    """
    Tell whether `number` is one of +1 202 555 0100 to 0199.

    That block is kept for fiction (North American Numbering Plan, 555-01XX line numbers): the
    simulated network uses it and real providers are never asked to reach it.
    """
    return _DEMO.fullmatch(number) is not None
