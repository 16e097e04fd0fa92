"""What a kind of provider is: one entry, and everything that differs by kind is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from trunkline.sdk.capability import Capability
from trunkline.sdk.provider import Provider

_OF_ALL: Mapping[str, str] = {Capability.ACCOUNT_BELOW: "create_subaccount"}
_OF_MESSAGES: Mapping[str, str] = {
    Capability.LISTEN: "listen",
    Capability.LOOKUP_BY_ID: "fetch",
    Capability.LOOKUP_BY_KEY: "find_by_key",
    Capability.LOOKUP_BY_ADDRESS: "find",
    Capability.MESSAGE_DELETE: "delete_message",
    Capability.MEDIA_FETCH: "fetch_media",
    Capability.MEDIA_DELETE: "delete_media",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    One kind of provider.

    Attributes:
        name: Of its slot, in ``[slots]`` and in lists; its hook is ``trunkline_register_`` and it.
        provider: The base class of its providers.
        noun: What they do, for sentences.
        does: What a provider must override for a capability of the kind's own, by capability.
        channels: What it carries, as callers write it, the usual one first; none where it sends no
            messages. Its providers declare ``CHANNEL.send``, ``CHANNEL.receive`` and
            ``CHANNEL.status``, whether `Capability` has them or not.
    """

    name: str
    provider: type[Provider]
    noun: str
    does: Mapping[str, str]
    channels: tuple[str, ...] = ()

    @property
    def hook(self) -> str:
        """The hook through which plugins offer it."""
        return f"trunkline_register_{self.name}"

    @property
    def operations(self) -> Mapping[str, str]:
        """What a provider must override for what it declares, by capability."""
        return {**_OF_ALL, **(_OF_MESSAGES if self.channels else {}), **self.does}

    def knows(self, capability: object) -> bool:
        """Tell whether a provider of the kind may declare a capability."""
        told = {f"{each}.{what}" for each in self.channels for what in ("receive", "status")}
        return isinstance(capability, Capability) or capability in {*self.operations, *told}
