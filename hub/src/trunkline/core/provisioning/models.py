"""What an agent is given, and how far each of its channels got."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import phonenumbers

from trunkline.core.agents.models import Agent
from trunkline.core.problems import Invalid
from trunkline.sdk import DnsRecord, NumberOffer, NumberType, Readiness


class Part(StrEnum):
    """What an agent may be given."""

    PHONE = "phone"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    VOICE_AI = "voice_ai"

    ACCOUNT = "account"
    """An account of its own below the provider's, where agents are kept apart."""

    BRAND = "brand"
    CAMPAIGN = "campaign"
    """What carriers know of the business and of what it sends; no agent's."""


ADDRESS_OF: Final[Mapping[Part, str]] = {
    Part.PHONE: "sms",
    Part.WHATSAPP: "whatsapp",
    Part.EMAIL: "email",
}
"""The channel whose address an agent gets with a part."""


class Aim(StrEnum):
    """What a row is to come to."""

    HAVE = "have"
    """The agent has it."""

    KEEP = "keep"
    """The agent is gone; what it had stays for another."""

    GONE = "gone"
    """The agent is gone, and what it had is given back."""


class Step(StrEnum):
    """How far it is. Each is stored before the provider is asked for the next."""

    WANTED = "wanted"
    SEARCHED = "searched"
    """A number was chosen: nothing is bought."""

    BUYING = "buying"
    """Asked for, of a number or a sender: whether it is there must be looked up."""

    BOUGHT = "bought"
    CONFIGURED = "configured"
    VERIFIED = "verified"
    """The provider has read back what it was set to."""

    ASSIGNED = "assigned"
    """It is the agent's; whether it may be used yet is its readiness."""

    RELEASING = "releasing"
    """It is given back, whoever wanted it."""

    KEPT = "kept"
    """It is nobody's, and there for the next agent."""

    FAILED = "failed"
    """Nothing is held; the reason says why."""


SETTLED: Final = frozenset({Step.ASSIGNED, Step.KEPT, Step.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One part of one agent.

    Attributes:
        connection: Of the provider that it comes from.
        address: The number or address, once it is known; of an account its connection's name,
            of a registration the digest of what was asked for.
        provider_id: The provider's id of it, once the hub has it.
        monthly_micros: What it costs per month.
        records: Of a mail domain, what its owner has to set.
        tries: How often the present step was tried.
        asked_at: When the provider was first asked for what may cost money.
        version: Counts the changes: whoever stores one must have seen the one before.
    """

    id: str
    workspace_id: str
    agent_id: str
    part: Part
    aim: Aim
    step: Step
    connection: str
    country: str | None = None
    address: str | None = None
    provider_id: str | None = None
    monthly_micros: int | None = None
    currency: str | None = None
    readiness: Readiness | None = None
    vendor_status: str | None = None
    quality: str | None = None
    records: tuple[DnsRecord, ...] = ()
    reason: str | None = None
    tries: int = 0
    asked_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 0

    @property
    def label(self) -> str:
        """What the provider calls it, so that it is found again."""
        return f"tl-{self.id.partition('_')[2]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What an agent shall have.

    Attributes:
        country: Of its number; None if it shall have none.
        values: Of `agents set`: names, greeting and so on.
        overrides: Connections that serve it instead of the slots', by kind.
    """

    agent_id: str
    country: str | None
    parts: frozenset[Part]
    values: Mapping[str, str | None] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    system_prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """
    What an agent has by now.

    Attributes:
        rows: How far each part is, by part; none of what the agent was given by hand.
        token: A new one, to be shown this once; None if it has one.
    """

    agent: Agent
    rows: Mapping[Part, Row]
    token: str | None
    slots_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprovisioned:
    """What an agent still has that is kept or given back, and how many slots are free."""

    agent_id: str
    left: Sequence[Row]
    slots_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberWish:
    """What numbers to look for."""

    country: str
    number_type: NumberType | None = None
    area_code: str | None = None
    contains: str | None = None
    voice: bool = False
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """
    A number on sale.

    Attributes:
        why_not: Why the hub would not buy it, if it would not.
    """

    offer: NumberOffer
    why_not: str | None


def is_under_way(row: Row, *, patient: bool) -> bool:
    """Tell whether something of a row is still to be done, or, for the `patient`, to be told."""
    if row.step not in SETTLED or row.aim is Aim.GONE:
        return True
    if row.aim is Aim.KEEP and row.step is not Step.KEPT:
        return True
    return patient and row.step is Step.ASSIGNED and row.readiness is Readiness.PENDING


def lacks(agent: Agent, rows: Mapping[Part, Row], part: Part) -> bool:
    """Tell whether an agent has not got a part, neither from here nor by hand."""
    row = rows.get(part)
    if row is not None:
        return row.step in (Step.FAILED, Step.KEPT)
    channel = ADDRESS_OF.get(part)
    return channel is None or agent.address(channel) is None


def country_of(text: str) -> str:
    """Return the code of a country; `Invalid` of what is none."""
    if text.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid("country", "give a two-letter country code such as US.")
    return text.upper()
