"""The webhook contract: bytes in, typed events out. Pure functions: no I/O, no clock, no state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel

from trunkline.sdk.errors import BadSignature
from trunkline.sdk.messages import DeliveryStatus, InboundEvent, Media

if TYPE_CHECKING:
    from trunkline.sdk.calls import CallStep

C = TypeVar("C", bound=BaseModel)
_MOST_FIELDS: Final = 1000
_MOST_FORM_BYTES: Final = 65_536


class CallbackKind(StrEnum):
    """What a callback URL is for: the last part of its path."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    VOICE = "voice"
    EMAIL = "email"
    CALL_STATUS = "call-status"
    RECORDING = "recording"
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
            ValueError: It cannot be decoded, or has over 1,000 fields or 64 kB.
        """
        if len(self.body) > _MOST_FORM_BYTES:
            raise ValueError(f"more than {_MOST_FORM_BYTES} bytes")
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


class OptOut(StrEnum):
    """What a provider itself made of an inbound message: it counts for more than its words."""

    STOP = "stop"
    """The provider will deliver nothing more to whoever wrote it."""

    START = "start"
    """Whoever wrote it may be written to again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(InboundEvent):
    """
    Somebody wrote to one of the hub's addresses.

    Attributes:
        provider_id: The provider's id of it.
        sender: Who wrote it, as the provider has it: of texts normally E.164, but also a short
            code, or a name of letters, which cannot be answered.
        recipient: The hub's address.
        body: What was written, whole and as it came; empty where only media came.
        media: What came along, in its order.
        occurred_at: When it was written, aware, if the provider tells.
        opt_out: What the provider made of it, if it tells.
        incomplete: True where the webhook only announced it: `MessageProvider.complete` has the
            rest, and until it was asked nothing here but the ids can be relied on.
        channel: How it came. Texts are told as `Received` itself, other channels as their own.
    """

    channel: str = "sms"
    provider_id: str
    sender: str
    recipient: str
    body: str
    media: tuple[Media, ...] = ()
    occurred_at: datetime | None = None
    opt_out: OptOut | None = None
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(InboundEvent):
    """
    The provider told how far a sent message got.

    Attributes:
        provider_id: As in the send's `Receipt`.
        sender: The hub's address that sent it; None where the provider does not tell.
        recipient: Which of several recipients it is about, such as a copy's; None where the
            provider does not tell. Only a report on the message's own recipient moves it.
        status: None when `vendor_status` is not in the adapter's table: it is stored and flagged,
            and moves nothing. Never guess.
        vendor_status: The provider's own word.
        error_code: The provider's code of a failure, a key of the spec's `failures` if it is known.
        cost_micros, currency: The final price, if the report carries it.
        occurred_at: When it happened, aware, if the provider tells.
        message_ref: What the message is called on its channel, where the provider gave it another
            name than it was asked to: of a mail its Message-ID, with brackets. Answers name it.
    """

    provider_id: str
    sender: str | None = None
    recipient: str | None = None
    status: DeliveryStatus | None
    vendor_status: str
    error_code: str | None = None
    cost_micros: int | None = None
    currency: str | None = None
    occurred_at: datetime | None = None
    message_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(InboundEvent):
    """
    One of several events in a request that cannot be read: it becomes a dead letter, alone.

    `external_id` is anything that is the same whenever this event is told again, such as the
    SHA-256 of its bytes; `reason` is a sentence for an operator without personal data.
    """

    reason: str


class WebhookAdapter(Generic[C]):
    """
    Base class of a provider's webhook side.

    Stored requests are parsed again after a repair of the parser, so every method is a pure
    function of its arguments.

    Attributes:
        kept_settings: Fields of the config that `verify` wants and that the provider may keep under
            the same names (`ProviderContext.secrets`), such as the signing secret of a webhook that
            it has set up itself. Where the operator left one out, `verify` is given what was kept.
    """

    kept_settings: ClassVar[frozenset[str]] = frozenset()

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

        Any exception means that the request cannot be read: it is kept as a dead letter. Where one
        request brings several events, give `Unreadable` for one that cannot be read, so that the
        others count.
        """
        raise NotImplementedError

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """Return what to answer once the events are stored."""
        return WebhookReply()

    def render(self, request: WebhookRequest, steps: "Sequence[CallStep]") -> WebhookReply:
        """
        Return what tells the provider what to do with the call that it asked about.

        It is asked instead of `reply` where `parse` told of a `ReceivedCall`.
        """
        raise NotImplementedError
