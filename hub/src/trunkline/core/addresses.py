"""Addresses of every channel in the one spelling that the hub stores and compares."""

import re
from typing import Final

from trunkline.core import numbers

# RFC 5321 §4.1.2 and §4.5.3.1 without quoted local parts, and SMTPUTF8's letters (RFC 6531).
_ADDRESS: Final = re.compile(
    r"[^\s@<>()\[\]\\,;:\"\x00-\x20]{1,64}@"
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?"
)
_LONGEST: Final = 254


def read_email(text: str) -> str | None:
    """Return the bare e-mail address that `text` is, its domain in lower case, or None."""
    bare = text.strip()
    if not _ADDRESS.fullmatch(bare) or len(bare) > _LONGEST or ".." in bare:
        return None
    local, _, domain = bare.rpartition("@")
    if local.startswith(".") or local.endswith("."):
        return None
    return f"{local}@{domain.lower()}"


def canonical(address: str) -> str:
    """Return the one spelling of an address, or `address` if it is of no form that is known."""
    if "@" in address:
        return address.lower() if address.isascii() else _with_ascii_domain(address)
    return numbers.canonical(address)


def _with_ascii_domain(address: str) -> str:
    from trunkline.sdk.mail.addresses import address_key  # a domain has two forms and is one

    return address_key(address)


def untagged(address: str) -> str:
    """Return an e-mail address without what stands after a plus: the mailbox that it leads to."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def spellings(address: str) -> tuple[str, ...]:
    """Return how an address may stand in rows, itself first."""
    if "@" in address:
        local, _, domain = address.rpartition("@")
        found = (address, f"{local}@{domain.lower()}", address.lower(), canonical(address))
        return tuple(dict.fromkeys(found))
    return numbers.spellings(address)


def is_same(one: str, other: str | None) -> bool:
    """Tell whether two addresses are the same."""
    return other is not None and canonical(one) == canonical(other)
