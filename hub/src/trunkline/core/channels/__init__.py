"""What differs by channel, and nothing else: one small file of rules for each."""

from trunkline.core.channels.base import Block, ChannelRules, Facts, Units
from trunkline.core.channels.email import Email
from trunkline.core.channels.sms import Sms
from trunkline.core.channels.whatsapp import WhatsApp

CHANNELS: dict[str, ChannelRules] = {rules.name: rules for rules in (Sms(), Email(), WhatsApp())}
"""The rules of every channel that the hub knows, by name."""


def rules_of(channel: str) -> ChannelRules:
    """Return the rules of a channel that a row names; of one that is gone, those of texts."""
    return CHANNELS.get(channel, CHANNELS["sms"])


def kind_of(channel: str) -> str:
    """Return the kind of the providers that carry a channel."""
    return rules_of(channel).kind


__all__ = [
    "CHANNELS",
    "Block",
    "ChannelRules",
    "Email",
    "Facts",
    "Sms",
    "Units",
    "WhatsApp",
    "kind_of",
    "rules_of",
]
