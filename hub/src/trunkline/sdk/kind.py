"""What a kind of provider is: one entry, and everything that differs by kind is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.sdk.capability import Capability
from trunkline.sdk.provider import MessageProvider

_OF_ALL: Mapping[str, str] = {
    Capability.LISTEN: "listen",
    Capability.LOOKUP_BY_ID: "fetch",
    Capability.LOOKUP_BY_KEY: "find_by_key",
    Capability.LOOKUP_BY_ADDRESS: "find",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    One kind of provider.

    Attributes:
        name: Of its slot, in ``[slots]`` and in lists; its hook is ``trunkline_register_`` and it.
        channel: What it carries, as callers write it. Its providers declare ``CHANNEL.send``,
            ``CHANNEL.receive`` and ``CHANNEL.status``, whether `Capability` has them or not.
        provider: The base class of its providers.
        noun: What they do, for sentences.
        sends: What a provider must override for a capability of the kind's own, by capability.
    """

    name: str
    channel: str
    provider: type[MessageProvider[Any]]
    noun: str
    sends: Mapping[str, str]

    @property
    def hook(self) -> str:
        """The hook through which plugins offer it."""
        return f"trunkline_register_{self.name}"

    @property
    def status(self) -> str:
        """The capability of a provider that reports what became of a sent message."""
        return f"{self.channel}.status"

    @property
    def operations(self) -> Mapping[str, str]:
        """What a provider must override for what it declares, by capability."""
        return {**_OF_ALL, **self.sends}

    def knows(self, capability: object) -> bool:
        """Tell whether a provider of the kind may declare a capability."""
        return isinstance(capability, Capability) or capability in {
            *self.operations,
            f"{self.channel}.receive",
            self.status,
        }
