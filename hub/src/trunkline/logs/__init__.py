"""The log: JSON lines on stderr, in which no number, address, body or token ever stands."""

from trunkline.logs.lines import configure_logging, get_log
from trunkline.logs.masking import masked

__all__ = ["configure_logging", "get_log", "masked"]
