"""What differs by channel, and nothing else: one small file of rules for each."""

from trunkline.core.channels.base import Block, ChannelRules, Facts, Units
from trunkline.core.channels.table import CHANNELS, NAMES, kind_of, rules_of

__all__ = ["CHANNELS", "NAMES", "Block", "ChannelRules", "Facts", "Units", "kind_of", "rules_of"]
