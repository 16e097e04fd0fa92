"""Where the senders of the pool and their numbers come from."""

from dataclasses import dataclass
from typing import Final

from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.problems import Missing
from trunkline.core.provisioning.urls import Urls
from trunkline.sdk import TELEPHONY, WHATSAPP, Capability

_NO_NUMBERS: Final = (
    "The provider sells no numbers through the hub: set [slots] telephony to one that does, or "
    "[pool] whatsapp_size to 0."
)


@dataclass(frozen=True, slots=True)
class PoolSources:
    """The slots' connections, and what the settings say of the pool."""

    connections: Connections
    urls: Urls
    size: int
    country: str

    def found(self) -> tuple[Connection, Connection | None]:
        """
        Return the connection of the senders, and that of their numbers.

        The second is None where the account's own senders are all there are.

        Raises:
            Missing: Nothing can be had; the sentence says what to set.
        """
        whatsapp = self.connections.for_agent(None, WHATSAPP.name)
        self.urls.check(whatsapp)
        if Capability.WHATSAPP_SENDERS not in whatsapp.spec.capabilities:
            raise Missing(
                f"The provider '{whatsapp.spec.name}' lists no senders: set [slots] whatsapp to "
                "one that does, or [pool] whatsapp_size to 0."
            )
        if Capability.WHATSAPP_REGISTER not in whatsapp.spec.capabilities:
            return whatsapp, None
        phone = self.connections.find(whatsapp.name, TELEPHONY.name)
        if phone is None or phone.fault:
            phone = self.connections.for_agent(None, TELEPHONY.name)
        if Capability.NUMBER_BUY not in phone.spec.capabilities:
            raise Missing(_NO_NUMBERS)
        self.urls.check(phone)
        return whatsapp, phone

    def why_blocked(self) -> str | None:
        """Return why nothing is bought for the pool, if there is to be one."""
        try:
            if self.size:
                self.found()
        except Missing as problem:
            return problem.detail
        return None
