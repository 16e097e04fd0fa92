"""What goes over the wire of an agent's channels and of what it has used."""

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, WithJsonSchema, create_model

from trunkline.core.channels import CHANNELS
from trunkline.surfaces.shapes import Arguments, Result, optional

STATUSES: Final = (
    "active, suspended, deprovisioned, pending_review, missing, rejected, in_progress or failed."
)


class GetChannelStatusArguments(Arguments):
    """Arguments of comms_get_channel_status."""


class PhoneShape(Result):
    """An agent's number."""

    number: str
    status: str = Field(description=STATUSES)
    reason: str | None = optional()
    monthly_messages: int


class AddressShape(Result):
    """An agent's address of another channel; `number` where that is one."""

    address: str
    number: str | None = optional()
    status: str = Field(description=STATUSES)
    reason: str | None = optional()
    quality_rating: str | None = optional("Of a WhatsApp sender, by its provider.")
    delivery_rate: float | None = optional("Of the newest mails that ended, how many arrived.")
    monthly_messages: int


class VoiceAiShape(Result):
    """An agent's voice."""

    status: str
    total_call_minutes: int = Field(description="This month (UTC), of its newest 1,000 calls.")


class _Phone(Result):
    """An agent's channels; null for one it lacks."""

    phone: PhoneShape | None
    voice_ai: VoiceAiShape | None


BY_ADDRESS: Final = {
    rules.set_by: channel for channel, rules in CHANNELS.items() if rules.set_by != "phone"
}
"""The channels that are told by an address alone, by what it is called."""

_AN_OBJECT: Final = WithJsonSchema({"type": "object"})
"""So the list of tools is short: names and shapes show in what comes."""

if TYPE_CHECKING:
    ChannelsShape = _Phone
else:
    ChannelsShape = create_model(
        "ChannelsShape",
        __base__=_Phone,
        __doc__=_Phone.__doc__,
        __module__=__name__,
        **dict.fromkeys(BY_ADDRESS, (Annotated[AddressShape, _AN_OBJECT] | None, ...)),
    )


class RateLimitsShape(Result):
    """What the agent has done, and the most it may; null while no limit is in force."""

    actions_this_minute: int
    actions_today: int
    max_per_minute: int | None
    max_per_day: int | None


class GetChannelStatusResult(Result):
    """Result of comms_get_channel_status."""

    agent_id: str
    channels: Annotated[ChannelsShape, _AN_OBJECT] = Field(
        description="By name; null: this agent has none."
    )
    monthly_cost: float = Field(description="This month (UTC).")
    rate_limits: Annotated[RateLimitsShape, _AN_OBJECT]
    simulated: bool | None = optional(told=False)
