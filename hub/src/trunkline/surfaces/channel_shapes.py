"""What goes over the wire of an agent's channels and of what it has used."""

from typing import Literal

from pydantic import Field

from trunkline.surfaces.shapes import Arguments, Result


class GetChannelStatusArguments(Arguments):
    """Arguments of comms_get_channel_status."""


class PhoneShape(Result):
    """An agent's number."""

    number: str
    status: Literal["active", "suspended"]
    monthly_messages: int


class AddressShape(Result):
    """An agent's address of another channel."""

    address: str
    status: Literal["active", "suspended"]


class ChannelsShape(Result):
    """An agent's channels; null for one it lacks."""

    phone: PhoneShape | None
    whatsapp: AddressShape | None
    email: AddressShape | None
    voice_ai: None


class RateLimitsShape(Result):
    """What the agent has done, and the most it may; null while no limit is in force."""

    actions_this_minute: int
    actions_today: int
    max_per_minute: int | None
    max_per_day: int | None


class GetChannelStatusResult(Result):
    """Result of comms_get_channel_status."""

    agent_id: str
    channels: ChannelsShape
    monthly_cost: float = Field(description="This calendar month (UTC), in major units.")
    rate_limits: RateLimitsShape
