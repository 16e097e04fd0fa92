"""The contract of every kind of message: what goes out, what a provider answers and tells of it."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """How far a provider says a message got. Each vendor status maps to one, or to none."""

    SENT = "sent"
    """The provider has it: accepted, queued or handed to a carrier. Not proof of delivery."""

    DELIVERED = "delivered"
    """The provider reports that the recipient's device or carrier confirmed it."""

    READ = "read"
    """The provider reports that the recipient saw it."""

    FAILED = "failed"
    """The provider reports that it will not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """
    A picture, a sound or a document that goes with a message.

    Attributes:
        url: Where it can be fetched.
        content_type: Its media type, such as ``image/jpeg``; None where nobody told.
        name: What a file of it is to be called, where the channel shows that. What lies with the
            hub has one always; of its URL no name may be made, as whoever knows it can read it.
        open: Reads what lies with the hub itself, for adapters that declare
            `Capability.MEDIA_OPEN`: the URL may be one that cannot be reached from the hub.
    """

    url: str
    content_type: str | None = None
    name: str | None = None
    open: Callable[[], AsyncIterator[bytes]] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """
    One message to one recipient.

    Attributes:
        sender, recipient: Addresses as the channel has them; of texts, E.164 (a sender may also be
            a name or a short code where the connection's configuration allows it).
        body: Unicode text, exactly as it shall arrive.
        idempotency_key: The same for every attempt at the same message, in the form that the
            spec's `Idempotency` asks for.
        status_url: Where the provider shall report this message's status. It names the attempt, so
            that a report proves the send: pass it on wherever the provider takes one per message.
            None while the hub has no address that a provider could call: then pass none.
        media: What to send along, for providers that declare `Capability.MMS_SEND`; the provider
            fetches each from its URL.
    """

    sender: str
    recipient: str
    body: str
    idempotency_key: str
    status_url: str | None
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSms(Outbound):
    """One text, with or without media."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    What a provider answered when it took a message or a call.

    Attributes:
        provider_id: The provider's own id; later reports name it.
        status: How far it got, normally `DeliveryStatus.SENT`.
        cost_micros: The final price in micro-units of `currency`; None while it is not known.
        currency: ISO 4217 code; needed with `cost_micros`.
        error_code: The provider's code where it took the message and failed it at once.
    """

    provider_id: str
    status: DeliveryStatus = DeliveryStatus.SENT
    error_code: str | None = None
    cost_micros: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What a provider tells of a message when asked.

    Attributes:
        provider_id: As in the send's `Receipt`.
        sender, recipient: As the provider has them.
        status: None when `vendor_status` is not in the adapter's table. Never guess.
        vendor_status: The provider's own word.
        created_at: When the provider took it, aware UTC, by the provider's clock.
        body: The text as the provider has it: what tells one message between two addresses from
            another. None only where the provider does not tell; of `MessageProvider.find` it is
            needed, since a look-up that finds another message proves nothing.
        media_count: How many media it has; None where the provider does not tell.
        error_code: The provider's code of a failure, a key of the spec's `failures` if it is known.
        cost_micros, currency: The final price, once the provider knows it.
        message_ref: What it is called on its channel, as in `Reported`.
    """

    provider_id: str
    sender: str
    recipient: str
    status: DeliveryStatus | None
    vendor_status: str
    created_at: datetime | None = None
    body: str | None = None
    media_count: int | None = None
    error_code: str | None = None
    cost_micros: int | None = None
    currency: str | None = None
    message_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    What a provider tells of the account that a connection uses.

    Attributes:
        name: As the provider shows it to its owner, or None.
        balance_micros, currency: What is left of prepaid money, in micro-units, with its ISO 4217
            code; None where the provider does not tell.
        notes: Sentences for an operator about what does not work as it is, such as a trial that
            reaches verified numbers only.
    """

    name: str | None = None
    balance_micros: int | None = None
    currency: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """
    One thing that happened at a provider.

    `external_id` is the same whenever the provider tells of the same happening again, for ever, and
    differs for every other one: the hub applies each once.
    """

    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """
    What a provider that is listened to told at once, and where to go on after it.

    Attributes:
        events: In their order; none where only the position moved.
        position: Anything that lets the adapter go on after these events, in another process too:
            the hub stores it together with them and hands it back. Nothing personal, no secret.
    """

    events: Sequence[InboundEvent]
    position: str
