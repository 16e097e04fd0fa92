"""Reply addresses: a mail to ``ava+t-…@example.com`` belongs to the thread that its token names."""

import base64
import binascii
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from trunkline.core.privacy.keys import Keys, Purpose

_PREFIX: Final = "msg_"
_TOKEN: Final = re.compile(r"\+t-([a-z2-7]{39})(?=@)", re.IGNORECASE)
_ID_BYTES: Final = 16
_MARK_BYTES: Final = 8
_LONGEST_LOCAL: Final = 64
"""Of what stands before the @ (RFC 5321 §4.5.3.1)."""


@dataclass(frozen=True, slots=True)
class ReplyAddresses:
    """
    Makes reply addresses and reads them; a token holds its thread, and a mark that only a hub with
    this master key can make.

    Attributes:
        domains: Where a mailbox takes every ``name+anything``; elsewhere none is made, as answers
            would come back.
    """

    keys: Keys
    domains: Collection[str]

    def of(self, sender: str, thread: str | None) -> str | None:
        """Return where answers in a thread of an agent's address go, or None: to the address."""
        local, _, domain = sender.rpartition("@")
        if thread is None or domain.lower() not in map(str.lower, self.domains) or "+" in local:
            return None
        raw = bytes.fromhex(thread.removeprefix(_PREFIX))
        token = base64.b32encode(raw + self._mark(sender, thread)).decode().rstrip("=").lower()
        made = f"{local}+t-{token}"
        return f"{made}@{domain}" if len(made) <= _LONGEST_LOCAL else None

    def thread(self, recipient: str) -> str | None:
        """Return the thread that a reply address names; None of any other and of a forged one."""
        found = _TOKEN.search(recipient)
        if found is None:
            return None
        try:
            raw = base64.b32decode(found[1].upper() + "=")
        except binascii.Error:
            return None
        thread, address = f"{_PREFIX}{raw[:_ID_BYTES].hex()}", _TOKEN.sub("", recipient)
        expected = self._mark(address, thread)
        return thread if hmac.compare_digest(raw[_ID_BYTES:], expected) else None

    def _mark(self, sender: str, thread: str) -> bytes:
        return self.keys.digest(Purpose.REPLIES, sender.lower(), thread)[:_MARK_BYTES]


def without_tokens(text: str) -> str:
    """Return a text without the tokens in it: who has one can write into its thread."""
    return _TOKEN.sub("", text)
