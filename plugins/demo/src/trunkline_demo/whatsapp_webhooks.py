"""The webhooks of WhatsApp on the simulated network: what people write, and ticks."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from trunkline.sdk import (
    DeliveryStatus,
    InboundEvent,
    Media,
    ReceivedWhatsApp,
    Reported,
    WhatsAppContent,
    e164,
)
from trunkline_demo.hooks import Webhook

_USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")

STATUSES: Final = {each.value: each for each in DeliveryStatus}
_CONTENTS: Final = {
    each.value: each
    for each in (
        WhatsAppContent.TEXT,
        WhatsAppContent.MEDIA,
        WhatsAppContent.REACTION,
        WhatsAppContent.CHOICE,
    )
}


def has_number(address: str) -> bool:
    """Tell whether a person is known by a number, rather than by a user id."""
    return address.startswith("+")


def read_person(text: str) -> str:
    """Return a number in E.164 or a user id such as ``DE.AbC123``; ValueError if it is neither."""
    return text if _USER_ID.fullmatch(text) else e164(text)


Person = Annotated[str, AfterValidator(read_person)]


class WhatsAppInbound(Webhook):
    """The JSON body that tells of a message to an agent; `quoted_id` is what it is about."""

    type: Literal["whatsapp.received"] = "whatsapp.received"
    id: str
    sender: Person
    sender_name: str | None = None
    recipient: Person
    kind: str = WhatsAppContent.TEXT.value
    body: str = ""
    media_urls: tuple[str, ...] = ()
    quoted_id: str | None = None
    choice_id: str | None = None
    occurred_at: datetime

    def events(self) -> Sequence[InboundEvent]:
        return [
            ReceivedWhatsApp(
                external_id=f"whatsapp:{self.id}",
                provider_id=self.id,
                sender=self.sender,
                sender_id=None if has_number(self.sender) else self.sender,
                sender_name=self.sender_name,
                recipient=self.recipient,
                body=self.body,
                media=tuple(Media(url=url) for url in self.media_urls),
                content=_CONTENTS.get(self.kind, WhatsAppContent.OTHER),
                vendor_kind=self.kind,
                quoted_id=self.quoted_id,
                choice=self.choice_id,
                occurred_at=self.occurred_at,
            )
        ]


class WhatsAppReport(Webhook):
    """The JSON body that tells how far a message of an agent's got."""

    type: Literal["whatsapp.status"] = "whatsapp.status"
    id: str
    sender: Person
    recipient: Person
    status: str
    error_code: str | None = None
    cost_micros: int | None = None
    currency: str | None = None
    occurred_at: datetime

    def events(self) -> Sequence[InboundEvent]:
        return [
            Reported(
                external_id=f"whatsapp:{self.id}:{self.status}",
                provider_id=self.id,
                sender=self.sender,
                recipient=self.recipient,
                status=STATUSES.get(self.status),
                vendor_status=self.status,
                error_code=self.error_code,
                cost_micros=self.cost_micros,
                currency=self.currency,
                occurred_at=self.occurred_at,
            )
        ]
