"""The telephony contract: what a provider of texts and calls does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trunkline.sdk.errors import Unsupported
from trunkline.sdk.phone import E164


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
class OutboundSms:
    """
    One text to one recipient.

    Attributes:
        sender, recipient: Phone numbers in E.164.
        body: Unicode text, exactly as it shall arrive.
        idempotency_key: The same for every attempt at the same message.
        status_url: Where the provider shall report this text's status. It names the attempt, so
            that a report proves the send: pass it on wherever the provider takes one per message.
        media_urls: What to send along, for providers that declare `Capability.MMS_SEND`; the
            provider fetches each from its URL.
    """

    sender: E164
    recipient: E164
    body: str
    idempotency_key: str
    status_url: str
    media_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundCall:
    """
    One phone call to one recipient.

    Attributes:
        sender, recipient: Phone numbers in E.164.
        answer_url: Where the provider asks what to do once the call is answered.
        status_url: Where the provider reports the call's status.
        max_duration_s: After how many seconds the provider shall hang up.
    """

    sender: E164
    recipient: E164
    answer_url: str
    status_url: str
    max_duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    What a provider answered when it took a message or a call.

    Attributes:
        provider_id: The provider's own id; later reports name it.
        status: How far it got, normally `DeliveryStatus.SENT`.
        cost_micros: The final price in micro-units of `currency`; None while it is not known.
        currency: ISO 4217 code; needed with `cost_micros`.
    """

    provider_id: str
    status: DeliveryStatus = DeliveryStatus.SENT
    cost_micros: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsReport:
    """
    What a provider tells of a text when asked.

    Attributes:
        provider_id: As in the send's `Receipt`.
        sender, recipient: As the provider has them.
        status: None when `vendor_status` is not in the adapter's table. Never guess.
        vendor_status: The provider's own word.
        created_at: When the provider took it, aware UTC.
        error_code: The provider's code of a failure.
        cost_micros, currency: The final price, once the provider knows it.
    """

    provider_id: str
    sender: str
    recipient: str
    status: DeliveryStatus | None
    vendor_status: str
    created_at: datetime | None = None
    error_code: str | None = None
    cost_micros: int | None = None
    currency: str | None = None


class TelephonyProvider:
    """
    Base class of telephony adapters: override what your provider can do and declare it.

    Every operation has a body that raises `Unsupported`, so that a minor release of the hub can add
    an operation without breaking an adapter published before it. An operation makes one request and
    never retries by itself: the hub owns retries.
    """

    async def send_sms(self, sms: OutboundSms) -> Receipt:
        """
        Hand one text to the provider.

        Raises:
            RetryLater: Surely not taken: rate limit, refused connection, maintenance.
            Rejected: Surely not taken and never will be: bad number, blocked recipient.
            AuthFailed: Wrong, revoked or insufficient credentials.
            OutcomeUnknown: Written, but no usable answer: it may have been taken.
        """
        raise Unsupported("sending texts")

    async def fetch_sms(self, provider_id: str) -> SmsReport | None:
        """Return what the provider knows of one text, or None if it knows no such text."""
        raise Unsupported("looking up texts")

    async def list_sms(self, sender: E164, recipient: E164, since: datetime) -> list[SmsReport]:
        """Return the texts from `sender` to `recipient` that the provider took since then."""
        raise Unsupported("looking up texts")

    async def place_call(self, call: OutboundCall) -> Receipt:
        """Ask the provider to place a call; errors as in `send_sms`."""
        raise Unsupported("placing calls")
