"""What a person has to look at before it goes: the rules of an agent, and filters in doubt."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from trunkline.core.agents.models import Agent
from trunkline.core.compliance.filters import Doubt
from trunkline.core.gate.acts import Reviewed, recipients_of
from trunkline.core.privacy.vault import BodyVault
from trunkline.db.hot import Hot, Question, both, question
from trunkline.db.schema import approvals, contact_keys
from trunkline.sdk import MICROS, MessageClass

_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
HELP: Final = (
    "give all, first_contact, over:AMOUNT, class:CLASS, domain:NAME or other_domains:NAME, "
    "several with commas between them."
)


_KEY: Final = Hot(
    sa.select(contact_keys.c.id).where(
        contact_keys.c.workspace_id == sa.bindparam("workspace_id"),
        contact_keys.c.contact_hash == sa.bindparam("contact_hash"),
    )
)
_ASKED: Final = Hot(
    sa.select(approvals.c.status)
    .distinct()
    .where(
        approvals.c.workspace_id == sa.bindparam("workspace_id"),
        approvals.c.contact_hash == sa.bindparam("contact_hash"),
    )
)


class Hold(StrEnum):
    """What an agent's acts are held for."""

    ALL = "all"
    """Whatever it does."""

    FIRST_CONTACT = "first_contact"
    """To whom the hub has never written or heard."""

    OVER = "over"
    """What costs more than so much, or nobody knows how much."""

    CLASS = "class"
    """What is of this class."""

    DOMAIN = "domain"
    """Mails to this domain."""

    OTHER_DOMAINS = "other_domains"
    """Mails to any domain but this one."""


_BARE: Final = frozenset({Hold.ALL, Hold.FIRST_CONTACT})
_WHY: Final = {
    Hold.ALL: "Everything that this agent sends is looked at.",
    Hold.FIRST_CONTACT: "The hub has never written to this recipient, nor heard of them.",
    Hold.OVER: "It costs more than this agent may spend unseen, or nobody knows how much.",
    Hold.CLASS: "Acts of this class are looked at.",
    Hold.DOMAIN: "Mails to this domain are looked at.",
    Hold.OTHER_DOMAINS: "Mails to other domains are looked at.",
}


@dataclass(frozen=True, slots=True)
class HoldRule:
    """One rule, with what it is about; empty where there is nothing to say."""

    hold: Hold
    value: str = ""

    def __str__(self) -> str:
        return f"{self.hold.value}:{self.value}" if self.value else self.hold.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A person has to look at an act first, for these reasons."""

    doubts: tuple[Doubt, ...]


def read_holds(texts: Iterable[str]) -> tuple[HoldRule, ...]:
    """
    Return rules as an operator writes them, such as ``first_contact`` or ``over:0.50``.

    Raises:
        ValueError: One is none; the text says what there is.
    """
    return tuple(_read(each.strip().lower()) for each in texts if each.strip())


def hold_fault(text: str) -> str | None:
    """Return what is wrong with rules as an operator writes them, with commas between, if any."""
    try:
        read_holds(text.split(","))
    except ValueError as error:
        return str(error)
    return None


def _read(text: str) -> HoldRule:
    name, _, value = text.partition(":")
    if name not in {*Hold} or (name in _BARE) != (not value):
        raise ValueError(HELP)
    hold = Hold(name)
    if hold is Hold.OVER and _micros(value) is None:
        raise ValueError("over: give an amount of at most six decimals, such as over:0.50.")
    if hold is Hold.CLASS and value not in {*MessageClass}:
        raise ValueError(f"class: give one of {', '.join(MessageClass)}.")
    if hold in (Hold.DOMAIN, Hold.OTHER_DOMAINS) and not _DOMAIN.fullmatch(value):
        raise ValueError(f"{name}: give a domain such as example.com.")
    return HoldRule(hold, value)


@dataclass(frozen=True, slots=True)
class Holds:
    """What is held: `default` are the rules of agents without any of their own."""

    default: tuple[HoldRule, ...]
    vault: BodyVault

    def of(self, agent: Agent) -> tuple[HoldRule, ...]:
        """Return the rules of an agent."""
        return self.default if agent.hold is None else read_holds(agent.hold.split(","))

    def asks_if_new(self, agent: Agent) -> bool:
        """Tell whether it matters if a recipient is new."""
        return any(each.hold is Hold.FIRST_CONTACT for each in self.of(agent))

    def is_new(self, workspace_id: str, recipient: str) -> Question[bool]:
        """
        Ask whether nobody of the workspace has dealt with a recipient.

        So it is also of one of whom somebody was asked, until that was approved.
        """
        contact_hash = self.vault.contact_hash(workspace_id, recipient)
        wanted = {"workspace_id": workspace_id, "contact_hash": contact_hash}
        keys = question(_KEY, wanted, bool)
        asked = question(_ASKED, wanted, lambda rows: {row[0] for row in rows})
        return both(keys, asked).then(
            lambda told: not told[0] or (bool(told[1]) and "approved" not in told[1])
        )

    def asked(self, reviewed: Reviewed, is_new: bool) -> Ask | None:
        """Return why a person has to look at an act first, if one has to."""
        act = reviewed.act
        doubts = list(act.ruling.doubts) if act.ruling is not None else []
        recipients = [each for _, each in recipients_of(act.recipient, act.content)]
        domains = {each.rpartition("@")[2].lower() for each in recipients if "@" in each}
        message_class = act.message_class or MessageClass.TRANSACTIONAL

        def holds(rule: HoldRule) -> bool:
            match rule.hold:
                case Hold.ALL:
                    return True
                case Hold.FIRST_CONTACT:
                    return is_new
                case Hold.OVER:
                    cost, most = reviewed.cost_micros, _micros(rule.value)
                    return most is not None and (cost is None or cost > most)
                case Hold.CLASS:
                    return message_class.value == rule.value
                case Hold.DOMAIN:
                    return rule.value in domains
                case Hold.OTHER_DOMAINS:
                    return bool(domains - {rule.value})

        doubts += [
            Doubt(rule=f"hold.{rule}", why=_WHY[rule.hold])
            for rule in (() if act.is_duplicate else self.of(act.agent))
            if holds(rule)
        ]
        return Ask(doubts=tuple(doubts)) if doubts else None


def _micros(text: str) -> int | None:
    try:
        amount = Decimal(text) * MICROS
    except InvalidOperation:
        return None
    is_sound = amount.is_finite() and amount >= 0 and amount == amount.to_integral_value()
    return int(amount) if is_sound and amount < 10**15 else None
