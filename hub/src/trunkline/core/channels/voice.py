"""Calls that speak: a text is said to whoever answers."""

from typing import Final

from trunkline.core.channels.base import Outgoing, Units
from trunkline.core.channels.dialled import Dialled
from trunkline.core.messages.content import Content, shows_anything
from trunkline.core.numbers import is_number, region_of
from trunkline.core.problems import Invalid
from trunkline.sdk import (
    E164,
    TELEPHONY,
    AudioFormat,
    CallbackKind,
    Capability,
    HangUp,
    OutboundCall,
    Play,
    PriceList,
    Record,
)
from trunkline.sdk.calls import MAX_DURATION_S


class Voice(Dialled):
    """The rules of calls that speak."""

    name = "voice"
    kind = TELEPHONY.name
    noun = "voice message"
    address = "phone number"
    set_by = "phone"
    reports_at = CallbackKind.CALL_STATUS
    sound = AudioFormat.WAV
    only_speaks = True

    def answerable(self, address: str) -> bool:
        return is_number(address)

    def check(self, content: Content) -> Units:
        self.check_fields(content)
        if not shows_anything(content.body):
            raise Invalid("text", "a voice message cannot be empty.")
        return Units(count=max(1, -(-content.spoken_ms // 60_000)))  # minutes that have begun

    def needs(self, *, with_media: bool, with_template: bool = False) -> frozenset[str]:
        return frozenset({Capability.CALL_PLACE})

    def price(
        self, prices: PriceList, recipient: str, units: int, *, with_media: bool
    ) -> int | None:
        return prices.call_micros(region_of(recipient), 60 * units)

    def outbound(self, content: Content, outgoing: Outgoing) -> OutboundCall:
        texts = (content.body, content.notice)
        return OutboundCall(
            sender=E164(outgoing.sender),
            recipient=E164(outgoing.recipient),
            body=content.body,
            idempotency_key=outgoing.key,
            status_url=outgoing.status_url,
            steps=(
                *(
                    Play(media=sound, text=text)
                    for sound, text in zip(content.media, texts, strict=False)
                ),
                *((Record(url=outgoing.recording_url),) if content.record else ()),
                HangUp(),
            ),
            max_duration_s=_longest_s(outgoing.most_minutes),
            finds_machine=Capability.CALL_MACHINE in outgoing.able,
        )


RULES: Final = Voice()


def _longest_s(most_minutes: int | None) -> int:
    """Return after how many seconds a provider hangs up; no provider takes none."""
    if most_minutes is None:
        return MAX_DURATION_S
    return max(1, min(MAX_DURATION_S, most_minutes * 60))
