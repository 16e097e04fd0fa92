"""What goes over the wire when agents are given channels, and when those are taken back."""

from typing import Annotated, Literal

from pydantic import Field

from trunkline.sdk import NumberType
from trunkline.surfaces.shapes import Arguments, Given, Line, Result, Text, Time, Whole, optional

Country = Annotated[str, Field(min_length=2, max_length=2)]


class Capabilities(Given):
    """What an agent shall have; what is left out it does not get."""

    phone: bool = False
    whatsapp: bool = False
    email: bool = False
    voice_ai: bool = Field(default=False, description="Greets callers on its number.")


class Overrides(Given):
    """Connections that serve the agent instead of the hub's own, by kind."""

    telephony: Line | None = None
    email: Line | None = None
    tts: Line | None = None
    stt: Line | None = None


class LiveCallCopies(Given):
    """What else is done with calls."""

    also_record: bool
    recording_storage: Line | None = None


class SmsCopies(Given):
    """Where texts go as well."""

    mirror_to: Line | None = Field(default=None, description="A number, or an https URL.")


class MailCopies(Given):
    """Who gets a blind copy of mails."""

    bcc_to: Line | None = None


class Copies(Given):
    """What is done beside the act itself."""

    live_call: LiveCallCopies | None = None
    sms: SmsCopies | None = None
    email: MailCopies | None = None


class ProvisionArguments(Arguments):
    """Arguments of comms_provision_channels."""

    agent_id: Line = Field(description="The agent, which is created if it is new.")
    display_name: Line | None = Field(default=None, description="What people see.")
    greeting: Line | None = Field(default=None, description="What callers hear.")
    system_prompt: Text | None = Field(default=None, description="For its voice.")
    country: Country | None = Field(
        default=None, description="Of its number, such as US; without a number it is not needed."
    )
    capabilities: Capabilities
    route_duplication: Copies | None = Field(
        default=None, description="Who is told of its messages as well."
    )
    provider_overrides: Overrides | None = None


class NumberShape(Result):
    """A number, or why there is none yet."""

    number: str | None
    status: str = Field(
        description="active, pending_review, rejected, missing (a registration), in_progress or "
        "failed."
    )
    reason: str | None = optional("What to do, or what is waited for.")


class RecordShape(Result):
    """A record that the owner of a domain has to set."""

    type: str
    name: str
    value: str
    priority: int | None = optional()
    purpose: str
    found: bool | None = optional("Whether it is there.")


class MailShape(Result):
    """A mail address, and the records of its domain."""

    address: str | None
    status: str
    reason: str | None = optional("What to do, or what is waited for.")
    records: list[RecordShape] | None = optional("What the domain's owner has to set.")


class VoiceShape(Result):
    """A voice."""

    app_sid: str
    status: str
    reason: str | None = optional("What is waited for.")


class GivenChannels(Result):
    """What an agent has; null for what it lacks."""

    phone: NumberShape | None
    sms: NumberShape | None
    whatsapp: NumberShape | None
    email: MailShape | None
    voice_ai: VoiceShape | None


class ProvisionResult(Result):
    """Result of comms_provision_channels."""

    agent_id: str
    channels: GivenChannels
    security_token: str | None = Field(
        description="A new token, shown this once; null if the agent has one."
    )
    pool_slots_remaining: int
    provisioned_at: Time


class DeprovisionArguments(Arguments):
    """Arguments of comms_deprovision_channels."""

    agent_id: Line = Field(description="The agent.")
    release_number: bool = Field(
        default=False, description="Give its number back for good; else it is kept for another."
    )


class LeftShape(Result):
    """What is not given back: kept for the next agent, in the pool, or on its way."""

    channel: str
    address: str | None
    status: Literal["kept", "pooled", "in_progress"]
    reason: str | None = optional("Why it takes long.")


class DeprovisionResult(Result):
    """Result of comms_deprovision_channels."""

    agent_id: str
    status: Literal["deprovisioned"]
    left: list[LeftShape]
    pool_slots_remaining: int


class SearchNumbersArguments(Arguments):
    """Arguments of comms_search_numbers."""

    country: Country = Field(description="Such as US.")
    number_type: Annotated[NumberType, Field(strict=False)] | None = None
    area_code: Line | None = Field(default=None, description="Digits that it begins with.")
    contains: Line | None = Field(default=None, description="Digits that it has anywhere.")
    voice: bool = Field(default=True, description="Whether it must take calls.")
    limit: Annotated[int, Whole] = Field(default=20, ge=1, le=50)


class OfferShape(Result):
    """A number on sale."""

    number: str
    country: str
    number_type: str
    capabilities: list[str]
    monthly_price: float | None
    currency: str | None
    address_requirement: str
    refused: str | None = optional("Why the hub would not buy it.")


class SearchNumbersResult(Result):
    """Result of comms_search_numbers: cheapest first."""

    numbers: list[OfferShape]
