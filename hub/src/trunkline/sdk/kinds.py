"""The kinds of provider that a plugin may offer: one entry each, and everything is made from it."""

from dataclasses import dataclass
from typing import Any, Final

from trunkline.sdk.capability import Capability
from trunkline.sdk.email import EmailProvider
from trunkline.sdk.provider import MessageProvider
from trunkline.sdk.telephony import TelephonyProvider
from trunkline.sdk.whatsapp import WhatsAppProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    One kind of provider.

    Attributes:
        name: Of its slot, in ``[slots]`` and in lists; its hook is ``trunkline_register_`` and it.
        provider: The base class of its providers.
        noun: What they do, for sentences.
        operations: What a provider must override for what it declares.
    """

    name: str
    provider: type[MessageProvider[Any]]
    noun: str
    operations: dict[Capability, str]

    @property
    def hook(self) -> str:
        """The hook through which plugins offer it."""
        return f"trunkline_register_{self.name}"


_OF_ALL: Final = {
    Capability.LISTEN: "listen",
    Capability.LOOKUP_BY_ID: "fetch",
    Capability.LOOKUP_BY_KEY: "find_by_key",
    Capability.LOOKUP_BY_ADDRESS: "find",
}
TELEPHONY: Final = Kind(
    name="telephony",
    provider=TelephonyProvider,
    noun="texts and calls",
    operations={
        **_OF_ALL,
        Capability.SMS_SEND: "send",
        Capability.MMS_SEND: "send",
        Capability.CALL_PLACE: "place_call",
    },
)
EMAIL: Final = Kind(
    name="email",
    provider=EmailProvider,
    noun="e-mail",
    operations={**_OF_ALL, Capability.EMAIL_SEND: "send", Capability.EMAIL_ATTACH: "send"},
)
WHATSAPP: Final = Kind(
    name="whatsapp",
    provider=WhatsAppProvider,
    noun="WhatsApp messages",
    operations={
        **_OF_ALL,
        Capability.WHATSAPP_SEND: "send",
        Capability.WHATSAPP_MEDIA: "send",
        Capability.WHATSAPP_TEMPLATE: "templates",
    },
)
KINDS: Final = {kind.name: kind for kind in (TELEPHONY, EMAIL, WHATSAPP)}
"""By name."""
