"""Accounts that are registered while the hub runs, and what came of registering one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trunkline.sdk import Account

Value = str | int | float | bool
"""What a field of credentials may hold."""


class CredentialsStatus(StrEnum):
    """Whether the provider takes what was registered."""

    ACTIVE = "active"
    """It has taken them."""

    INVALID = "invalid_credentials"
    """It refuses them. Those that it refuses when they are registered are not stored."""

    PENDING = "pending_verification"
    """Nobody has asked it, or it has not answered. They are in force all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """
    One account that was registered.

    Attributes:
        values: The registered fields; None where they cannot be decrypted.
        version: Grows with each change of what is in force.
    """

    row_id: str
    connection: str
    provider: str
    values: Mapping[str, Value] | None
    status: CredentialsStatus
    verified_at: datetime | None
    version: int

    @property
    def edition(self) -> tuple[str, int]:
        """What differs between any two states of what is in force."""
        return self.row_id, self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """
    What came of registering an account.

    Attributes:
        sentence: What the provider said, or why it said nothing.
        account: What it tells of the account, if it knows it.
    """

    connection: str
    provider: str
    status: CredentialsStatus
    capabilities: tuple[str, ...]
    sentence: str
    account: Account | None = None
