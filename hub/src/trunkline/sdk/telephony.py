"""The telephony contract: what a provider of texts and calls does."""

from datetime import datetime
from typing import Final

from trunkline.sdk.calls import CallReport, OutboundCall
from trunkline.sdk.capability import Capability
from trunkline.sdk.errors import Unsupported
from trunkline.sdk.kind import Kind
from trunkline.sdk.messages import OutboundSms, Receipt
from trunkline.sdk.provider import MessageProvider
from trunkline.sdk.provisioning import NumberOperations


class TelephonyProvider(MessageProvider[OutboundSms], NumberOperations):
    """Base class of telephony adapters: texts, as `MessageProvider` has messages, and calls."""

    async def place_call(self, call: OutboundCall) -> Receipt:
        """Ask the provider to place a call; errors as in `send`."""
        raise Unsupported("placing calls")

    async def fetch_call(self, provider_id: str) -> CallReport | None:
        """Return what the provider knows of one call, or None if it surely knows none such."""
        raise Unsupported("looking up a call by its id")

    async def find_calls(self, sender: str, recipient: str, since: datetime) -> list[CallReport]:
        """Return every call from `sender` to `recipient` since then; as `find` does of texts."""
        raise Unsupported("looking up calls by number")

    async def hang_up(self, provider_id: str) -> None:
        """End a call, or give it up before it is answered; one that is over stays so."""
        raise Unsupported("ending calls")


TELEPHONY: Final = Kind(
    name="telephony",
    provider=TelephonyProvider,
    noun="texts and calls",
    does={
        Capability.SMS_SEND: "send",
        Capability.MMS_SEND: "send",
        Capability.CALL_PLACE: "place_call",
        Capability.CALL_LOOKUP: "fetch_call",
        Capability.CALL_LOOKUP_BY_ADDRESS: "find_calls",
        Capability.CALL_END: "hang_up",
        Capability.NUMBER_SEARCH: "search_numbers",
        Capability.NUMBER_BUY: "buy_number",
        Capability.NUMBER_STANDING: "number_standing",
        Capability.NUMBER_REGISTER: "register",
    },
    channels=("sms", "voice"),
)
