"""How an agent's channels stand: its own state, and what their providers say."""

from collections.abc import Mapping

from trunkline.core.agents.models import Agent, AgentStatus
from trunkline.core.inbox.channel_use import ChannelUse
from trunkline.core.provisioning.models import ADDRESS_OF, Part, Row
from trunkline.surfaces.channel_shapes import (
    BY_ADDRESS,
    AddressShape,
    ChannelsShape,
    PhoneShape,
    VoiceAiShape,
)
from trunkline.surfaces.provisioned import status_of


def channels_shape(use: ChannelUse, rows: Mapping[Part, Row]) -> ChannelsShape:
    """Return an agent's channels; null for one it lacks."""
    agent, phone, voice = use.agent, rows.get(Part.PHONE), rows.get(Part.VOICE_AI)
    own = {ADDRESS_OF[part]: row for part, row in rows.items() if part in ADDRESS_OF}
    others = {
        field: _address(use, own.get(channel), channel, address)
        for field, channel in BY_ADDRESS.items()
        if (address := agent.address(channel)) is not None
    }
    speaks = voice is not None or agent.greeting is not None or use.call_minutes > 0
    return ChannelsShape.model_validate(
        {
            **dict.fromkeys(BY_ADDRESS),
            **others,
            "phone": PhoneShape(
                number=agent.phone,
                status=_status(agent, phone),
                reason=phone.reason if phone else None,
                monthly_messages=use.monthly_messages.get("sms", 0),
            )
            if agent.phone is not None
            else None,
            "voice_ai": VoiceAiShape(
                status=_status(agent, voice), total_call_minutes=use.call_minutes
            )
            if speaks and agent.phone is not None
            else None,
        }
    )


def _address(use: ChannelUse, row: Row | None, channel: str, address: str) -> AddressShape:
    return AddressShape(
        address=address,
        number=address if address.startswith("+") else None,
        status=_status(use.agent, row),
        reason=row.reason if row else None,
        quality_rating=row.quality if row else None,
        delivery_rate=use.delivered.get(channel) if channel == "email" else None,
        monthly_messages=use.monthly_messages.get(channel, 0),
    )


def _status(agent: Agent, row: Row | None) -> str:
    """Return what holds first: that the agent may not act, or how the channel stands."""
    return status_of(row) if agent.status is AgentStatus.ACTIVE else agent.status.value
