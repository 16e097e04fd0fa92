"""Every channel that the hub knows: those of each kind of provider."""

from importlib import import_module

from trunkline.core.channels.base import ChannelRules
from trunkline.core.messages.models import Channel
from trunkline.sdk import KINDS


def _rules(channel: str) -> ChannelRules:
    rules: ChannelRules = import_module(f"trunkline.core.channels.{channel}").RULES
    return rules


CHANNELS: dict[str, ChannelRules] = {
    channel: _rules(channel) for kind in KINDS.values() for channel in kind.channels
}
"""The rules of each, by name: the `RULES` of a module so named."""

NAMES: tuple[str, ...] = tuple(dict.fromkeys((*(each.value for each in Channel), *CHANNELS)))
"""What callers may name: also what is promised, and answered `unsupported` until it is there."""


def rules_of(channel: str) -> ChannelRules:
    """Return the rules of a channel that a row names; of one that is gone, those of texts."""
    return CHANNELS.get(channel, CHANNELS["sms"])


def kind_of(channel: str) -> str:
    """Return the kind of the providers that carry a channel."""
    return rules_of(channel).kind
