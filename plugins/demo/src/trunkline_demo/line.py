"""The line between the simulated network and the hub, there while a connection is open."""

from datetime import datetime
from urllib.parse import quote

from trunkline.sdk import CallbackKind, ProviderContext, WebhookRequest
from trunkline_demo.config import DemoConfig
from trunkline_demo.hooks import Webhook
from trunkline_demo.webhooks import SIGNATURE_HEADER, signature


class Line:
    """Delivers signed webhooks of every channel to the hub."""

    def __init__(self, config: DemoConfig, context: ProviderContext) -> None:
        self.connection = context.connection
        self._config = config
        self._context = context

    def new_id(self) -> str:
        """Return the network's id of something new."""
        return f"demo-{self._context.ids.secret(8).hex()}"

    def now(self) -> datetime:
        """Return the time, aware."""
        return self._context.clock.now()

    def inbound_url(self, kind: CallbackKind) -> str:
        """
        Return where the hub is told of what comes in.

        The network knows addresses, not agents, so it is the account's route,
        ``…/webhooks/connections/{connection}/{kind}``, and the hub finds the agent by the address.
        """
        url = self._context.callback_url(kind, "connections")
        return f"{url.removesuffix(f'/{kind}')}/{quote(self.connection, safe='')}/{kind}"

    async def tell(self, url: str, webhook: Webhook) -> int | None:
        """
        Tell the hub of something.

        Returns the HTTP status of the hub's answer, or None when the hub broke down over it; the
        failure is in the log.
        """
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
