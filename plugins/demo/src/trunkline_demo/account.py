"""
What the hub's account with the simulated network holds: numbers, senders, domains, registrations.

It outlives the hub's process, as an account with a vendor does: it lies in the connection's
directory.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from trunkline.sdk import E164

FILE: Final = "account.json"


class HeldNumber(BaseModel):
    """A number that was bought, and how it is set."""

    id: str
    number: E164
    label: str
    sms_url: str | None = None
    voice_url: str | None = None
    call_status_url: str | None = None


class HeldSender(BaseModel):
    """A WhatsApp sender, in review for a while from when it was asked for, or refused."""

    id: str
    number: E164
    asked_at: datetime
    display_name: str
    refused: bool = False
    inbound_url: str | None = None
    status_url: str | None = None


class HeldDomain(BaseModel):
    """A mail domain, and for what purposes its owner has set records."""

    id: str
    domain: str
    found: list[str] = []


class HeldRegistration(BaseModel):
    """A brand or a campaign."""

    id: str
    kind: str
    name: str
    asked_at: datetime
    belongs_to: str | None = None


class Books(BaseModel):
    """All of it; `bought` counts what was ever paid for, given back or not."""

    bought: int = 0
    released: int = 0
    numbers: dict[str, HeldNumber] = {}
    senders: dict[str, HeldSender] = {}
    domains: dict[str, HeldDomain] = {}
    registrations: dict[str, HeldRegistration] = {}


class Account:
    """The account of one network; it is read when it is first asked for."""

    def __init__(self) -> None:
        self._directory: Callable[[], Path] | None = None
        self._file: Path | None = None
        self._books: Books | None = None

    def lies_in(self, directory: Callable[[], Path]) -> None:
        """Say where it lies, unless that was said before."""
        self._directory = self._directory or directory

    @property
    def books(self) -> Books:
        """What it holds; whoever changes that calls `keep`."""
        if self._books is None:
            if self._directory is not None:
                self._file = self._directory() / FILE
            self._books = Books()
            if self._file is not None and self._file.exists():
                self._books = Books.model_validate_json(self._file.read_bytes())
        return self._books

    def keep(self) -> None:
        """Write it down."""
        books = self.books
        if self._file is not None:
            draft = self._file.with_suffix(".draft")
            draft.write_text(books.model_dump_json())
            draft.replace(self._file)
