"""Texts: phone numbers, segments, and with media one MMS."""

from typing import Final

from trunkline.core.channels.base import ChannelRules, Outgoing, Units
from trunkline.core.channels.segments import count_segments
from trunkline.core.messages.content import Content
from trunkline.core.numbers import NotANumber, is_number, parse_number, region_of
from trunkline.core.problems import Invalid
from trunkline.sdk import TELEPHONY, Capability, OutboundSms, PriceList, is_demo_number

MAX_SMS_CHARACTERS: Final = 1600
"""Longest text that is sent, in characters: Twilio's limit ("Message resource", 2026-11-21)."""


class Sms(ChannelRules):
    """The rules of texts."""

    name = "sms"
    kind = TELEPHONY.name
    noun = "text"
    address = "phone number"
    set_by = "phone"

    def read_address(self, text: str, country: str | None) -> str | None:
        try:
            return parse_number(text, country)
        except NotANumber:
            return None

    def answerable(self, address: str) -> bool:
        return is_number(address)

    def check(self, content: Content) -> Units:
        super().check(content)
        if len(content.body) > MAX_SMS_CHARACTERS:
            raise Invalid("body", f"a text has at most {MAX_SMS_CHARACTERS} characters.")
        encoding, segments = count_segments(content.body)
        # An MMS is one unit, however long its text.
        return Units(count=1 if content.media else segments, encoding=encoding.value)

    def needs(self, *, with_media: bool, with_template: bool = False) -> frozenset[Capability]:
        more = {Capability.MMS_SEND} if with_media else set()
        return frozenset({Capability.SMS_SEND} | more)

    def check_reach(self, sender: str, recipient: str, *, simulated: bool) -> None:
        super().check_reach(sender, recipient, simulated=simulated)
        if is_demo_number(recipient) and not simulated:
            raise Invalid("to", "+1 202 555 0100 to 0199 exist only in the simulated network.")

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
