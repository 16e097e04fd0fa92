"""The shape of a channel's rules, with what most of them have in common."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from trunkline.core.addresses import is_same
from trunkline.core.agents.models import Agent
from trunkline.core.compliance.repository import Why
from trunkline.core.messages.choices import numbered
from trunkline.core.messages.content import Content, shows_anything
from trunkline.core.problems import Invalid, Missing, Unsupported
from trunkline.sdk import AudioFormat, CallbackKind, FailureKind, Outbound, PriceList


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """
    A rule says no. `rule` is its stable name; `sentence` says what it means for the caller.

    `field` is the argument that it is about, if it is one.
    """

    rule: str
    sentence: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """How much a message is, in what its channel is charged by, and how it is encoded."""

    count: int = 1
    encoding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """
    How a message is handed over.

    Attributes:
        message_id: The hub's id of it.
        sender, recipient: Addresses of the channel.
        key: Its idempotency key, in the form that its provider wants.
        status_url: Where its provider reports on it, or None.
        references: What the messages before it in its thread are called there, oldest first.
        reply_address: Where answers to it go, if not to `sender`.
        to_automatic: It answers what a program wrote by itself.
        recording_url: Where its provider tells of what was recorded in it, or None.
        able: What its connection can do.
        most_minutes: How long a call of its agent may last; None where there is no limit.
    """

    message_id: str
    sender: str
    recipient: str
    key: str
    status_url: str | None
    references: tuple[str, ...] = ()
    reply_address: str | None = None
    to_automatic: bool = False
    recording_url: str | None = None
    able: Collection[str] = ()
    most_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the hub knows of two addresses when it judges, at `now`; `wrote_at` if it was asked."""

    now: datetime
    wrote_at: datetime | None = None


class ChannelRules:
    """
    The rules of one channel: pure functions, each with a body that fits most channels.

    Attributes:
        name: Of the channel, as callers write it.
        kind: Of the providers that carry it (`trunkline.sdk.KINDS`).
        noun, address: What one message and one address are called in a sentence.
        set_by: What `agents set` calls an agent's address.
        fields: What a message of the channel may have beside text and media.
        neither: What is wrong with a recipient that is none, nor an agent's id.
        dialled: Whether addresses are phone numbers, which are also read as people dial them.
        closing: Failures after which nothing more is sent there, and why not.
        asks_when_written: Whether `allowed` must know when the recipient wrote last.
        has_threads: Whether a message that answers none begins a thread.
        reports_at: The kind of callback by which providers report on a message.
        sound: What a text that is spoken must become; None where nothing is.
        only_speaks: Whether every text on it is spoken.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    noun: ClassVar[str]
    address: ClassVar[str]
    set_by: ClassVar[str]
    neither: ClassVar[str]
    dialled: ClassVar[bool] = False
    fields: ClassVar[frozenset[str]] = frozenset()
    closing: ClassVar[Mapping[FailureKind, Why]] = {FailureKind.OPTED_OUT: Why.OPTED_OUT}
    asks_when_written: ClassVar[bool] = False
    has_threads: ClassVar[bool] = False
    reports_at: ClassVar[CallbackKind] = CallbackKind.MESSAGE_STATUS
    sound: ClassVar[AudioFormat | None] = None
    only_speaks: ClassVar[bool] = False

    def sender(self, agent: Agent) -> str:
        """
        Return the address that an agent sends from.

        Raises:
            Missing: It has none; the sentence says how it gets one.
        """
        found = agent.address(self.name)
        if found is None:
            raise Missing(
                f"This agent has no {self.address}. Give it one: "
                f"`trunkline agents set {agent.id} {self.set_by}=…`."
            )
        return found

    def read_address(self, text: str, country: str | None) -> str | None:
        """Return the address of the channel that `text` is, or None if it has another's form."""
        raise NotImplementedError

    def read_own(self, text: str) -> str:
        """Return the address that an agent is given; `Invalid` if it is none."""
        address = self.read_address(text, None)
        if address is None:
            raise Invalid(self.set_by, f"this is no {self.address}.")
        return address

    def answerable(self, address: str) -> bool:
        """Tell whether who wrote from `address` can be written to."""
        return True

    def check(self, content: Content) -> Units:
        """
        Return how much a message is.

        Raises:
            Invalid, Unsupported: It cannot be sent so; the sentence names the field.
        """
        self.check_fields(content)
        if not (shows_anything(content.body) or content.media):
            raise Invalid("body", f"a {self.noun} without media cannot be empty.")
        return Units()

    def check_fields(self, content: Content) -> None:
        """Refuse, by `Unsupported`, what the channel does not have."""
        given = {
            "subject": content.subject,
            "html": content.html,
            "cc": content.cc,
            "bcc": content.bcc,
            "templateId": content.template,
            "templateVars": content.template_values,
            "templateLanguage": content.language,
        }
        for field, value in given.items():
            if value and field not in self.fields:
                raise Unsupported(field, f"a {self.noun} has none: leave it out.")

    def answering(self, content: Content, subject: str) -> Content:
        """Return what answers a message of a subject, with what follows from that."""
        return content

    def signed(self, content: Content, agent: Agent) -> Content:
        """Return a message with the name of who sends it, where the channel shows one."""
        return content

    def offering(self, content: Content) -> Content:
        """Return a message with what may be picked, as it is written on the channel."""
        return replace(content, body=numbered(content.body, content.choices))

    def over(self, content: Content, connection: str, able: Collection[str]) -> Content:
        """Return a message as it goes over a connection that can do so much."""
        return content.over(connection)

    def needs(self, *, with_media: bool, with_template: bool = False) -> frozenset[str]:
        """Return what a connection must be able to do that carries such a message."""
        raise NotImplementedError

    def is_portable(self, content: Content) -> bool:
        """Tell whether any connection can carry it: an id of one provider's means nothing there."""
        return content.template is None

    def check_reach(self, sender: str, recipient: str, *, simulated: bool) -> None:
        """Refuse, by `Invalid`, a recipient that nobody can reach so."""
        if is_same(sender, recipient):
            raise Invalid("to", f"this is the agent's own {self.address}.")

    def allowed(self, content: Content, facts: Facts) -> Block | None:
        """Judge by what is known in the transaction that sends; None lets it pass."""
        return None

    def price(
        self, prices: PriceList, recipient: str, units: int, *, with_media: bool
    ) -> int | None:
        """Return what a message is expected to cost, in micro-units; None if nobody tells."""
        return None

    def outbound(self, content: Content, outgoing: Outgoing) -> Outbound:
        """Return what a provider is given."""
        raise NotImplementedError

    def ref(self, message_id: str, sender: str) -> str | None:
        """Return what a message of ours is called on the channel before any provider names it."""
        return None
