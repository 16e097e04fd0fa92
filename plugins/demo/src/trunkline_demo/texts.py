"""Texts as the network has them, and how the hub is told of them."""

from dataclasses import dataclass
from datetime import datetime

from trunkline.sdk import E164, CallbackKind
from trunkline_demo.config import PRICES
from trunkline_demo.line import Line
from trunkline_demo.segments import segments
from trunkline_demo.webhooks import Inbound, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text that the network took, from either side."""

    id: str
    sender: E164
    recipient: E164
    body: str
    media_urls: tuple[str, ...]
    written_at: datetime


def new_text(
    line: Line, *, sender: E164, recipient: E164, body: str, media_urls: tuple[str, ...] = ()
) -> Text:
    """Return a new text, written now."""
    return Text(
        id=line.new_id(),
        sender=sender,
        recipient=recipient,
        body=body,
        media_urls=media_urls,
        written_at=line.now(),
    )


async def tell_inbound(line: Line, text: Text) -> int | None:
    """Tell the hub of a text to one of its numbers; see `Line.tell`."""
    webhook = Inbound(
        id=text.id,
        sender=text.sender,
        recipient=text.recipient,
        body=text.body,
        media_urls=text.media_urls,
    )
    return await line.tell(line.inbound_url(CallbackKind.SMS), webhook)


async def tell_report(line: Line, text: Text, status_url: str) -> int | None:
    """Tell the hub that a text was delivered, and its final price; see `Line.tell`."""
    if text.media_urls:
        cost_micros = PRICES.mms_micros(None)
    else:
        cost_micros = PRICES.sms_micros(None, segments(text.body))
    assert cost_micros is not None
    webhook = Report(
        id=text.id,
        sender=text.sender,
        status="delivered",
        cost_micros=cost_micros,
        currency=PRICES.currency,
    )
    return await line.tell(status_url, webhook)
