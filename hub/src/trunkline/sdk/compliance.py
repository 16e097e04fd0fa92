"""Compliance filters: what they judge, and what they may say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel

C = TypeVar("C", bound=BaseModel)


class MessageClass(StrEnum):
    """What an act is for; laws ask more of some than of others."""

    TRANSACTIONAL = "transactional"
    """About something that the recipient ordered, booked or asked for."""

    MARKETING = "marketing"
    """It advertises, or asks for something."""

    VERIFICATION = "verification"
    """A code that its recipient is waiting for."""

    EMERGENCY = "emergency"
    """Life, health or safety."""

    INTERNAL = "internal"
    """To the operator's own people."""


class PlaceSource(StrEnum):
    """How the hub knows where somebody is."""

    CONSENT = "consent"
    """They said so when they consented."""

    NUMBER = "number"
    """Their number was given out there; they may have moved, and taken it along."""

    UNKNOWN = "unknown"
    """Nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where a recipient is, as far as the hub can tell.

    Attributes:
        country: Its ISO 3166 code, such as ``US``; None if nobody knows.
        state: Of the United States and Canada, by its two letters, such as ``CA``.
        zones: The IANA time zones that it may be in. Empty: nobody knows; take the strictest.
    """

    country: str | None = None
    state: str | None = None
    zones: tuple[str, ...] = ()
    source: PlaceSource = PlaceSource.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """
    That somebody agreed to be contacted, and has not taken it back.

    Attributes:
        channel: For which; None: for every channel.
        message_class: For which class; None: for every class.
        written: They signed, ticked or typed it (47 CFR 64.1200(f)(9)), rather than said it.
        artificial_voice: It covers calls in an artificial voice.
        given_at: When; aware.
    """

    channel: str | None = None
    message_class: MessageClass | None = None
    written: bool = False
    artificial_voice: bool = False
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    All that a recipient would read or hear: templates are filled, HTML is as it is sent.

    Attributes:
        text: The text; of a call, or a voice message, what is spoken.
        subject, html: Of a mail.
        template: The id of a provider's template, whose words the hub does not know.
    """

    text: str
    subject: str = ""
    html: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceFacts:
    """
    What the hub knows of an act that is about to happen. Judge by nothing else.

    Attributes:
        now: The time; aware.
        agent_id, channel, sender, recipient: Who acts, how, from and to which address.
        message_class: What it is for.
        class_given: Its caller or its agent's setting said so; else it is only the hub's default.
        calls: It rings the recipient's phone.
        speaks: It is heard in an artificial voice.
        place: Where the recipient is.
        consents: What they agreed to.
        do_not_call: The lists of numbers not to call that have theirs, by name.
        contacts_24h: How often any agent of the workspace has acted towards them within 24 hours,
            on any channel, without this act. What went out within an hour after they wrote is an
            answer, and not counted.
        last_inbound_at: When they wrote to this sender last on this channel.
        simulated: It reaches nobody.
        said: What it says.
    """

    now: datetime
    agent_id: str
    channel: str
    sender: str
    recipient: str
    message_class: MessageClass
    class_given: bool = False
    calls: bool = False
    speaks: bool = False
    place: Place = Place()
    consents: tuple[Consent, ...] = ()
    do_not_call: tuple[str, ...] = ()
    contacts_24h: int = 0
    last_inbound_at: datetime | None = None
    simulated: bool = False
    said: Said

    def consented(self, *, written: bool = False, artificial_voice: bool = False) -> bool:
        """Tell whether the recipient agreed to this channel and class, in such a form."""
        return any(
            each.channel in (None, self.channel)
            and each.message_class in (None, self.message_class)
            and (each.written or not written)
            and (each.artificial_voice or not artificial_voice)
            for each in self.consents
        )


@dataclass(frozen=True, slots=True)
class Allow:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """
    It must not happen.

    Attributes:
        rule: A stable name of the rule, such as ``consent``; the hub puts the filter's before it.
        sentence: What it means for who asked, and what they can do. Nothing of what was said may
            stand in it, nor the recipient's address.
    """

    rule: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """It must not happen before `until`, which is aware and in the future."""

    until: datetime
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A person has to look at it first. `why` is for that person, and tells nothing of the text."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """It may happen if this is said instead. The next filters judge what it says then."""

    said: Said
    why: str


Judgement: TypeAlias = Allow | Block | Defer | Hold | Amend

ALLOW: Final = Allow()
"""The one answer that needs no words."""


class ComplianceFilter:
    """
    One judge of what agents do. It is pure: no network, no files, no clock, no state that matters.

    Whatever it raises, and an answer that is none, counts as a refusal; so does one that takes
    longer than ``rules.timeout_ms``.
    """

    async def judge(self, facts: ComplianceFacts) -> Judgement:
        """
        Judge an act before it is stored.

        It may await, and hand heavy work to a thread; it must not keep the event loop busy.
        """
        return self.recheck(facts)

    def recheck(self, facts: ComplianceFacts) -> Allow | Block | Defer:
        """
        Judge by the facts of the moment, in the transaction of each attempt: times, counts.

        It has to be quick: the database waits for it.
        """
        return ALLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSpec(Generic[C]):
    """
    One compliance filter that a plugin offers. Cheap to build.

    Attributes:
        name: Stable, stored with what it refuses: lower-case letters, digits, dashes.
        noun: What it looks after, for lists: "hours and consent in the United States".
        config: Pydantic model of its table ``[filters.NAME]``; every field has a default.
        create: Makes the filter from its configuration, once, at the start of a hub.
    """

    name: str
    noun: str
    config: type[C]
    create: Callable[[C], ComplianceFilter]
