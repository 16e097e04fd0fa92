"""
Which service is given what: the hub's rooms, put together wing by wing.

A wing is a frozen dataclass of services that are made of one another, and one function that makes
them of the wings below: `ground` → `posts` → `providers` → `media` → `messages` → `inbound` →
`whole`. A new capability brings a wing of its own.
"""

from trunkline.composition.ground import Lent
from trunkline.composition.whole import Composed, compose

__all__ = ["Composed", "Lent", "compose"]
