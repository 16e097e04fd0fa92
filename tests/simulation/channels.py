"""What differs by channel: addresses, what vendors are asked and tell, and who listens to them."""

from dataclasses import dataclass
from typing import Any, Final

from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Channel
from trunkline.sdk import (
    Capability,
    EmailProvider,
    Failure,
    FailureKind,
    MessageProvider,
    Received,
    ReceivedEmail,
    ReceivedWhatsApp,
    TelephonyProvider,
    WhatsAppProvider,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One channel of the simulation.

    Attributes:
        set_by: What an agent's address is called when it is created.
        received: What comes in.
        refusal: The code of what a vendor refuses, and what it means.
        bounce: The code of what a vendor fails to deliver, and what it means.
        listens: Whether vendors of the flavour `none` call nobody and are listened to.
    """

    channel: str
    kind: str
    set_by: str
    provider: type[MessageProvider[Any]]
    capabilities: frozenset[Capability]
    received: type[Received]
    refusal: tuple[str, Failure] | None = None
    bounce: tuple[str, Failure] | None = None
    listens: bool = False

    @property
    def failures(self) -> dict[str, Failure]:
        """What the codes mean."""
        return dict(each for each in (self.refusal, self.bounce) if each is not None)

    def address(self, phone: str) -> str:
        """Return the address of whom a plan knows by a number."""
        return f"p{phone[1:]}@mail.example" if self.channel == Channel.EMAIL else phone

    def content(self, body: str) -> Content:
        """Return what says so."""
        return Content(body=body, subject="Hi" if self.channel == Channel.EMAIL else "")


SMS: Final = Line(
    channel=Channel.SMS,
    kind="telephony",
    set_by="phone",
    provider=TelephonyProvider,
    capabilities=frozenset({Capability.SMS_SEND, Capability.SMS_RECEIVE, Capability.SMS_STATUS}),
    received=Received,
)
EMAIL: Final = Line(
    channel=Channel.EMAIL,
    kind="email",
    set_by="email",
    provider=EmailProvider,
    capabilities=frozenset(
        {Capability.EMAIL_SEND, Capability.EMAIL_RECEIVE, Capability.EMAIL_STATUS}
    ),
    received=ReceivedEmail,
    bounce=("no_mailbox", Failure(kind=FailureKind.UNREACHABLE, sentence="No such mailbox.")),
    listens=True,
)
WHATSAPP: Final = Line(
    channel=Channel.WHATSAPP,
    kind="whatsapp",
    set_by="whatsapp",
    provider=WhatsAppProvider,
    capabilities=frozenset(
        {Capability.WHATSAPP_SEND, Capability.WHATSAPP_RECEIVE, Capability.WHATSAPP_STATUS}
    ),
    received=ReceivedWhatsApp,
    refusal=("closed", Failure(kind=FailureKind.OUT_OF_WINDOW, sentence="The window is closed.")),
)
VOICE: Final = Line(
    channel="voice",
    kind="telephony",
    set_by="phone",
    provider=TelephonyProvider,
    capabilities=frozenset({Capability.CALL_PLACE, Capability.CALL_STATUS, Capability.SMS_RECEIVE}),
    received=Received,
)
LINES: Final = {"sms": SMS, "email": EMAIL, "whatsapp": WHATSAPP, "voice": VOICE}
