"""Texts: phone numbers, segments, and with media one MMS."""

from typing import Final

from trunkline.core.channels.base import Outgoing, Units
from trunkline.core.channels.dialled import Dialled
from trunkline.core.channels.segments import count_segments
from trunkline.core.messages.content import Content
from trunkline.core.numbers import is_number, region_of
from trunkline.core.problems import Invalid
from trunkline.sdk import TELEPHONY, Capability, OutboundSms, PriceList

MAX_SMS_CHARACTERS: Final = 1600
"""Longest text that is sent, in characters: Twilio's limit ("Message resource", 2026-11-21)."""


class Sms(Dialled):
    """The rules of texts."""

    name = "sms"
    kind = TELEPHONY.name
    noun = "text"
    address = "phone number"
    set_by = "phone"
    neither = (
        f"{Dialled.neither} "
        "The names and short codes that some texts come from cannot be written to."
    )

    def answerable(self, address: str) -> bool:
        return is_number(address)

    def check(self, content: Content) -> Units:
        super().check(content)
        if len(content.body) > MAX_SMS_CHARACTERS:
            raise Invalid("body", f"a text has at most {MAX_SMS_CHARACTERS} characters.")
        encoding, segments = count_segments(content.body)
        # An MMS is one unit, however long its text.
        return Units(count=1 if content.media else segments, encoding=encoding.value)

    def needs(self, *, with_media: bool, with_template: bool = False) -> frozenset[str]:
        more = {Capability.MMS_SEND} if with_media else set()
        return frozenset({Capability.SMS_SEND} | more)

    def price(
        self, prices: PriceList, recipient: str, units: int, *, with_media: bool
    ) -> int | None:
        region = region_of(recipient)
        return prices.mms_micros(region) if with_media else prices.sms_micros(region, units)

    def outbound(self, content: Content, outgoing: Outgoing) -> OutboundSms:
        return OutboundSms(
            sender=outgoing.sender,
            recipient=outgoing.recipient,
            body=content.body,
            idempotency_key=outgoing.key,
            status_url=outgoing.status_url,
            media=content.media,
        )


RULES: Final = Sms()
