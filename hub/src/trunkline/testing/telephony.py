"""What every telephony adapter must do, whoever wrote it."""

from typing import Any, ClassVar, Final

from trunkline.sdk import (
    E164,
    TELEPHONY,
    Capability,
    KeyForm,
    OutboundSms,
    ProviderSpec,
    TelephonyProvider,
)
from trunkline.testing.asking import KEYS
from trunkline.testing.messages import BaseMessageConformance
from trunkline.testing.webhooks import Abilities

TEXTS: Final = Abilities(
    send=Capability.SMS_SEND,
    media=Capability.MMS_SEND,
    receive=Capability.SMS_RECEIVE,
    report=Capability.SMS_STATUS,
    received="sms_received",
)


class BaseTelephonyConformance(BaseMessageConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    They are those of `BaseMessageConformance`, and:

    Attributes:
        sms: The text that is sent.
    """

    spec: ClassVar[ProviderSpec[TelephonyProvider, Any]]
    kind = TELEPHONY.name
    abilities = TEXTS
    other_recipient = "+447700900123"
    strangers = ("+14155550111", "+14155550122")
    sms: ClassVar[OutboundSms] = OutboundSms(
        sender=E164("+14155550100"),
        recipient=E164("+14155550199"),
        body="Héllo, wörld 👋",
        idempotency_key=KEYS[KeyForm.ANY][0],
        status_url="https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0",
    )

    def sample(self) -> OutboundSms:
        """Return the text that is sent."""
        return self.sms

    def text(self, number: int = 0) -> OutboundSms:
        """Return `sms` with a key in the form that the vendor takes."""
        text = super().text(number)
        assert isinstance(text, OutboundSms)
        return text
