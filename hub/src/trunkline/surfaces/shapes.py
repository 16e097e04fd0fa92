"""What goes over the wire: arguments and results of the operations, in the promised names."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from trunkline.core.channels import CHANNELS, NAMES
from trunkline.core.messages.choices import LONGEST_LABEL, MOST
from trunkline.core.messages.content import MAX_MEDIA, is_handle, media_url_fault
from trunkline.sdk import MessageClass, major_units
from trunkline.surfaces.schemas import UNTOLD

_ENDS_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    if not text or _ENDS_LINE.search(text):
        raise PydanticCustomError("line", "give one line of text")
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "NUL cannot be sent")
    return text


def _media_url(url: str) -> str:
    fault = None if is_handle(url) else media_url_fault(url)
    if fault is not None:
        raise PydanticCustomError("media_url", fault)
    return url


def _written_time(value: object) -> object:
    if not isinstance(value, str) or not _TIME.match(value):  # pydantic also takes bare seconds
        raise PydanticCustomError("time", "give a time such as 2026-11-21T09:00:00Z")
    return value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("time", "there is no such time in UTC") from None


Line = Annotated[str, StringConstraints(max_length=320), AfterValidator(_one_line)]
"""One line of text without control characters."""

Text = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(_without_nul)]
"""Any text without NUL, which databases cannot hold."""

Whole = BeforeValidator(_whole)
"""Of an int: 3.0 and 1e1 are whole numbers too, and models write them; 3.5 is none."""

MediaUrl = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_media_url)]
"""Where a provider can fetch what it shall send along."""

Time = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
"""RFC 3339, UTC, in milliseconds."""

REFERENCE: Final = r"^[A-Za-z]{2,8}_[0-9a-f]{32}$"
KEY: Final = r"^[\x20-\x7e]{1,255}$"
VARIABLE: Final = r"^[A-Za-z0-9_]{1,64}$"
CHOICE_ID: Final = r"^[\x21-\x7e]{1,64}$"
PATTERNS: Final = {
    REFERENCE: "give an id of this hub: a short prefix such as msg_, and 32 hexadecimal digits.",
    KEY: "give 1 to 255 printable ASCII characters.",
    VARIABLE: "give 1 to 64 letters, digits and underscores.",
    CHOICE_ID: "give 1 to 64 printable ASCII characters without blanks.",
}
"""The patterns of arguments, and what each asks for."""

Reference = Annotated[str, StringConstraints(pattern=REFERENCE)]
"""An id the hub gave out."""

Subject = Annotated[str, StringConstraints(max_length=988), AfterValidator(_one_line)]
"""One line that fits a header (RFC 5322 §2.1.1)."""

Copies = Annotated[list[Line], Field(max_length=49)]
"""E-mail addresses that get a copy."""

IdempotencyKey = Annotated[str, StringConstraints(pattern=KEY)]
"""What a caller names an act by, to repeat it safely."""


def optional(description: str | None = None, *, told: bool = True) -> Any:
    """
    Return a result's field that is left out when it is None.

    One that is not `told` is in no schema: whoever needs it sees it when it comes, and the list of
    tools is short for that.
    """
    return Field(
        default=None,
        description=description,
        exclude_if=lambda value: value is None,
        json_schema_extra=None if told else {UNTOLD: True},
    )


class Shape(BaseModel):
    """Base of everything on the wire: camelCase, nothing unknown, no guessing of types."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="forbid",
        strict=True,
        frozen=True,
    )


class Result(Shape):
    """Base of what goes out: built by field name; a later release may add to it."""

    model_config = ConfigDict(validate_by_name=True, extra="ignore")


class Given(Shape):
    """Base of what comes in: null means "left out"."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        known = {field.alias for field in cls.model_fields.values()}
        return {
            name: value for name, value in given.items() if value is not None or name not in known
        }


class Arguments(Given):
    """What every operation takes beside its own arguments."""

    agent_id: Line | None = Field(default=None, description="Not needed.")
    security_token: Line | None = Field(default=None, description="Not needed.")


if TYPE_CHECKING:
    ChannelName = str
else:
    ChannelName = Literal[NAMES]
    """A channel, as the hub's table has them."""

# Times come as JSON strings, which strict mode would refuse.
Since = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_written_time), AfterValidator(_as_utc)
]


class Variable(Given):
    """A value of a template."""

    name: Annotated[str, StringConstraints(pattern=VARIABLE)]
    value: Subject


def _listed(given: object) -> object:
    if isinstance(given, list):
        return given
    if not isinstance(given, dict):
        raise PydanticCustomError("values", "give an object of names and values")
    return [{"name": name, "value": value} for name, value in given.items()]


Values = Annotated[list[Variable], Field(max_length=50), BeforeValidator(_listed)]
"""Variables; an object of names and values is understood too."""


def _either(names: Collection[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}."


def _purpose(value: object) -> object:
    if isinstance(value, str) and value in {*MessageClass}:
        return MessageClass(value)
    raise PydanticCustomError("purpose", f"give {_either([*MessageClass]).removesuffix('.')}")


Purpose = Annotated[MessageClass, BeforeValidator(_purpose), WithJsonSchema({"type": "string"})]
"""What an act is for, as a word; which there are stands in the description of one field."""


class OfferedChoice(Given):
    """Something to pick."""

    label: Annotated[str, StringConstraints(max_length=LONGEST_LABEL), AfterValidator(_one_line)]
    id: Annotated[str, StringConstraints(pattern=CHOICE_ID)] | None = None


class OutgoingMessage(Given):
    """A message to send."""

    channel: ChannelName = Field(description=_either(CHANNELS))
    body: Text = Field(
        description="Of sms at most 1,600 characters; empty only with media or a template."
    )
    to: Line | None = Field(
        default=None,
        description="Phone number, e-mail address or agent id; or give toAgentId.",
    )
    subject: Subject | None = Field(default=None, description="Of a mail.")
    html: Text | None = None
    cc: Copies | None = None
    bcc: Copies | None = None
    template_id: Line | None = Field(
        default=None,
        description="On WhatsApp needed unless they wrote within 24 hours.",
    )
    template_vars: Values | None = None
    template_language: Line | None = None
    choices: Annotated[list[OfferedChoice], Field(max_length=MOST)] | None = Field(
        default=None, description="At most 10; a pick comes back as choice."
    )
    to_agent_id: Line | None = None
    media_url: MediaUrl | None = Field(
        default=None,
        description="Handle (med_…) or https URL, at most 2,000 characters.",
    )
    media_urls: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] | None = Field(
        default=None, description="At most 10, instead of mediaUrl."
    )
    reply_to: Reference | None = Field(default=None, description="The message this answers.")
    send_at: Since | None = Field(default=None, description="RFC 3339, at most 30 days away.")
    valid_for_seconds: Annotated[int, Field(ge=1, le=172_800), Whole] | None = Field(
        default=None,
        description="1 to 172,800; default 4 hours.",
    )
    message_class: Purpose | None = Field(
        default=None,
        description="transactional, marketing, verification, emergency, internal.",
    )
    idempotency_key: IdempotencyKey | None = Field(
        default=None,
        description="The same key never sends twice.",
    )


class SendMessageArguments(Arguments, OutgoingMessage):
    """Arguments of comms_send_message."""


class SendMessageResult(Result):
    """Result of comms_send_message."""

    message_id: str
    channel: str
    status: str = Field(
        description="queued: the hub will send it. unknown: maybe sent. Send no other."
    )
    cost: float | None = Field(description="Major units; null: not known.")
    currency: str | None
    cost_final: bool = Field(description="False while cost is an estimate.")
    segments: int | None = optional()
    provider: str
    timestamp: Time
    rate_limit_remaining: int | None = Field(description="Null: no limit.")
    replayed: bool = Field(description="Nothing was sent now.")
    reason: str | None = optional()
    retry_owner: Literal["hub", "caller", "none"] = Field(
        description="hub, none: do not send again."
    )
    earliest_at: Time | None = optional()
    simulated: bool | None = optional(told=False)
    approval_id: str | None = optional(told=False)


class GetStatusArguments(Arguments):
    """Arguments of comms_get_status."""

    id: Reference = Field(description="Of a message, batch or call.")


class EvidenceShape(Result):
    """What a status rests on."""

    source: str
    event_id: str | None = optional()


class HistoryShape(Result):
    """One entry of a history."""

    status: str
    at: Time
    evidence: Annotated[EvidenceShape, WithJsonSchema({"type": "object"})]
    moved: bool = Field(description="False: it changed nothing.")


class BatchMessageShape(Result):
    """One message of a batch."""

    message_id: str
    status: str


class DuplicateShape(Result):
    """Where else a message was told, and what came of that."""

    channel: Literal["sms", "email", "url"]
    to: str
    status: str
    message_id: str | None = optional()
    reason: str | None = optional()


class GetStatusResult(Result):
    """Result of comms_get_status."""

    id: str
    kind: Literal["message", "batch", "call"]
    status: str = Field(description="Of a batch: sending, done or canceled.")
    history: list[Annotated[HistoryShape, WithJsonSchema({"type": "object"})]] = Field(
        description="Oldest first."
    )
    cost: float | None
    currency: str | None
    cost_final: bool
    reason: str | None = optional()
    parts: list[dict[str, Any]] | None = optional("What of cost is not delivery.")
    error_code: str | None = optional()
    provider_code: str | None = optional()
    earliest_at: Time | None = optional()
    flag: str | None = optional("Why a person should look.")
    simulated: bool | None = optional(told=False)
    duplicates: list[DuplicateShape] | None = optional(told=False)
    duplicate_of: str | None = optional(told=False)
    call: Annotated[dict[str, Any], WithJsonSchema({"type": "object"})] | None = optional()
    size: int | None = optional()
    counts: dict[str, int] | None = optional()
    messages: list[Annotated[BatchMessageShape, WithJsonSchema({"type": "object"})]] | None = (
        optional("Of a batch: some, trouble first.")
    )


class CancelArguments(Arguments):
    """Arguments of comms_cancel."""

    id: Reference = Field(description="A messageId or batchId.")


class CancelResult(Result):
    """Result of comms_cancel."""

    id: str
    status: str = Field(description="canceled: it was not sent and never will be.")
    canceled: int | None = optional("Of a batch.")
    too_late: int | None = optional("Of a batch.")


def money(micros: int | None) -> float | None:
    """Return micro-units as the major units that go over the wire."""
    return None if micros is None else major_units(micros)
