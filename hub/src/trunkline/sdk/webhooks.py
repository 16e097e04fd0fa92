"""The webhook contract: bytes in, typed events out. Pure functions: no I/O, no clock, no state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final, Generic, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel

from trunkline.sdk.errors import BadSignature
from trunkline.sdk.phone import E164
from trunkline.sdk.telephony import DeliveryStatus

C = TypeVar("C", bound=BaseModel)
_MOST_FIELDS: Final = 1000


class CallbackKind(StrEnum):
    """What a callback URL is for: the last part of its path."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    VOICE = "voice"
    EMAIL = "email"
    CALL_STATUS = "call-status"
    MESSAGE_STATUS = "message-status"


@dataclass(frozen=True, kw_only=True)
class WebhookRequest:
    """
    An HTTP request as the provider made it.

    Attributes:
        method: Upper case.
        url: The absolute public URL that the provider called, from the hub's settings, with its
            query string: what signatures are computed over.
        headers: Lower-case names.
        body: The raw bytes.
        received_at: Aware UTC; for schemes that sign a time.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @cached_property
    def query(self) -> Sequence[tuple[str, str]]:
        """The fields of the URL's query, as `form` has those of the body."""
        return _fields(self.url.partition("?")[2])

    @cached_property
    def form(self) -> Sequence[tuple[str, str]]:
        """
        The fields of a form in the body, in their order, empty ones too.

        Raises:
            ValueError: It cannot be decoded, or has over 1,000 fields.
        """
        return _fields(self.body.decode())


def _fields(encoded: str) -> Sequence[tuple[str, str]]:
    """Return what `urllib.parse.parse_qsl` does, in less time: most fields need no decoding."""
    if encoded.count("&") >= _MOST_FIELDS:
        raise ValueError(f"more than {_MOST_FIELDS} fields")
    return [_field(pair) for pair in encoded.replace("+", " ").split("&") if pair]


def _field(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    if "%" in pair:
        return unquote(name, errors="strict"), unquote(value, errors="strict")
    return name, value


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReply:
    """What the provider wants to hear once its callback is stored."""

    status: int = 204
    content_type: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """
    One thing that happened at a provider.

    `external_id` is the same whenever the provider tells of the same happening again, for ever, and
    differs for every other one: the hub applies each once.
    """

    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsReceived(InboundEvent):
    """
    Somebody wrote a text to one of the hub's numbers.

    `provider_id` is the provider's id of it; `media_urls` is where what came along can be fetched.
    """

    provider_id: str
    sender: E164
    recipient: E164
    body: str
    media_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReported(InboundEvent):
    """
    The provider told how far a sent message got.

    Attributes:
        provider_id: As in the send's `Receipt`.
        sender: The hub's number that sent it.
        status: None when `vendor_status` is not in the adapter's table: it is stored and flagged,
            and moves nothing. Never guess.
        vendor_status: The provider's own word.
        error_code: The provider's code of a failure.
        cost_micros, currency: The final price, if the report carries it.
    """

    provider_id: str
    sender: E164
    status: DeliveryStatus | None
    vendor_status: str
    error_code: str | None = None
    cost_micros: int | None = None
    currency: str | None = None


class WebhookAdapter(Generic[C]):
    """
    Base class of a provider's webhook side.

    Stored requests are parsed again after a repair of the parser, so every method is a pure
    function of its arguments.
    """

    def claims(self, request: WebhookRequest) -> bool:
        """Tell by the headers alone whether this looks like the provider's, before verifying it."""
        raise NotImplementedError

    def verify(self, request: WebhookRequest, config: C) -> None:
        """
        Return if the request is authentic; raise `BadSignature` if not.

        Never return a boolean: a forgotten check must not pass.
        """
        raise BadSignature("This adapter does not verify webhooks.")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        """
        Return the events in the request; none if the hub has no use for it.

        Any exception means that it cannot be read: it is kept as a dead letter.
        """
        raise NotImplementedError

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """Return what to answer once the events are stored."""
        return WebhookReply()
