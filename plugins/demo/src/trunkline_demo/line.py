"""The line between the simulated network and the hub, there while the connection is open."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from trunkline.sdk import E164, CallbackKind, ProviderContext, WebhookRequest
from trunkline_demo.config import PRICES, DemoConfig
from trunkline_demo.segments import segments
from trunkline_demo.webhooks import SIGNATURE_HEADER, Inbound, Report, signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text that the network took, from either side."""

    id: str
    sender: E164
    recipient: E164
    body: str
    media_urls: tuple[str, ...]
    written_at: datetime


class Line:
    """
    Delivers signed webhooks to the hub.

    `inbound` and `report` return the HTTP status of the hub's answer, or None when the hub broke
    down over it; the failure is in the log.
    """

    def __init__(self, config: DemoConfig, context: ProviderContext) -> None:
        self._config = config
        self._context = context
        # The network knows numbers, not agents, so a text to the hub goes to the account's route,
        # …/webhooks/connections/{connection}/sms, and the hub finds the agent by the number.
        url = context.callback_url(CallbackKind.SMS, "connections")
        self._inbound_url = f"{url.removesuffix('/sms')}/{quote(context.connection, safe='')}/sms"

    def text(
        self, *, sender: E164, recipient: E164, body: str, media_urls: tuple[str, ...] = ()
    ) -> Text:
        """Return a new text, written now."""
        return Text(
            id=f"demo-{self._context.ids.secret(8).hex()}",
            sender=sender,
            recipient=recipient,
            body=body,
            media_urls=media_urls,
            written_at=self._context.clock.now(),
        )

    async def inbound(self, text: Text) -> int | None:
        """Tell the hub of a text to one of its numbers."""
        webhook = Inbound(
            id=text.id,
            sender=text.sender,
            recipient=text.recipient,
            body=text.body,
            media_urls=text.media_urls,
        )
        return await self._post(self._inbound_url, webhook)

    async def report(self, text: Text, status_url: str) -> int | None:
        """Tell the hub that a text was delivered, and its final price."""
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
        return await self._post(status_url, webhook)

    async def _post(self, url: str, webhook: Inbound | Report) -> int | None:
        body = webhook.model_dump_json(by_alias=True).encode()
        request = WebhookRequest(
            method="POST",
            url=url,
            headers={
                "content-type": "application/json",
                SIGNATURE_HEADER: signature("POST", url, body, self._config),
            },
            body=body,
            received_at=self._context.clock.now(),
        )
        try:
            reply = await self._context.deliver(request)
        except Exception as error:  # noqa: BLE001 - a broken hub must not break the network
            name = type(error).__name__  # and no more of it: a traceback may quote the text
            self._context.log.error("demo.webhook_failed", webhook=webhook.type, error=name)
            return None
        if not is_accepted(reply.status):
            self._context.log.warning(
                "demo.webhook_refused", webhook=webhook.type, status=reply.status
            )
        return reply.status


def is_accepted(http_status: int | None) -> bool:
    """Tell whether the hub accepted a webhook that it answered with `http_status`."""
    return http_status is not None and 200 <= http_status < 300
