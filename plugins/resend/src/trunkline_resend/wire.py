"""How Resend's JSON is read, and the addresses in it."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import unquote
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,998}>")
_MAILBOX: Final = re.compile(r"(.*)<([^<>]+)>\s*", re.DOTALL)


class Read(BaseModel):
    """What is read of JSON; no error quotes it, since it holds addresses and texts."""

    model_config = ConfigDict(hide_input_in_errors=True)


def _moment(value: object) -> object:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("no date") from None  # the error quotes what it was


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""As 2023-04-03 22:13:42.674981+00, or as RFC 3339 has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address, and the name before it if there is one."""

    address: str
    name: str | None = None


def mailbox(text: str) -> Mailbox:
    """Return what ``Name <address>`` holds, the name with or without quotes; an address alone too.

    Only the last pair of brackets counts: a name may look like an address.
    """
    found = _MAILBOX.fullmatch(text)
    if found is None:
        return Mailbox(address=text.strip())
    name = unquote(found[1].strip())
    return Mailbox(address=found[2].strip(), name=name or None)


def read_id(text: str | None) -> str | None:
    """Return the Message-ID that stands in a header or a field, with its brackets."""
    found = MESSAGE_ID.search(text or "")
    return found[0] if found else None
