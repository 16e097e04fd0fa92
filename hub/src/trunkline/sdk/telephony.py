"""The telephony contract: what a provider of texts and calls does."""

from dataclasses import dataclass
from typing import Final

from trunkline.sdk.capability import Capability
from trunkline.sdk.errors import Unsupported
from trunkline.sdk.kind import Kind
from trunkline.sdk.messages import OutboundSms, Receipt
from trunkline.sdk.phone import E164
from trunkline.sdk.provider import MessageProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundCall:
    """
    One phone call to one recipient.

    Attributes:
        sender, recipient: Phone numbers in E.164.
        answer_url: Where the provider asks what to do once the call is answered.
        status_url: Where the provider reports the call's status.
        max_duration_s: After how many seconds the provider shall hang up.
    """

    sender: E164
    recipient: E164
    answer_url: str
    status_url: str
    max_duration_s: int


class TelephonyProvider(MessageProvider[OutboundSms]):
    """Base class of telephony adapters: texts, as `MessageProvider` has messages, and calls."""

    async def place_call(self, call: OutboundCall) -> Receipt:
        """Ask the provider to place a call; errors as in `send`."""
        raise Unsupported("placing calls")


TELEPHONY: Final = Kind(
    name="telephony",
    channel="sms",
    provider=TelephonyProvider,
    noun="texts and calls",
    sends={
        Capability.SMS_SEND: "send",
        Capability.MMS_SEND: "send",
        Capability.CALL_PLACE: "place_call",
    },
)
