"""The line between the simulated network and the hub, there while a connection is open."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import quote

from trunkline.sdk import (
    CallbackKind,
    Media,
    ProviderContext,
    WebhookReply,
    WebhookRequest,
)
from trunkline_demo.config import DemoConfig
from trunkline_demo.hooks import Webhook
from trunkline_demo.sounds import Sound, UnreadableSound, read_sound
from trunkline_demo.webhooks import SIGNATURE_HEADER, signature

_AGENTS: Final = re.compile(r"\+(120255501[0-4]|44207946|46846500|49302312|6125550)[0-9]+")


class Line:
    """Delivers signed webhooks of every channel to the hub."""

    def __init__(self, config: DemoConfig, context: ProviderContext) -> None:
        self.connection = context.connection
        self.clock = context.clock
        self.latency_s = config.latency_ms / 1000
        self.delivery_delay_s = config.delivery_delay_ms / 1000
        self._config = config
        self._context = context

    def new_id(self) -> str:
        """Return the network's id of something new."""
        return f"demo-{self.new_secret()}"

    def new_secret(self) -> str:
        """Return 16 hexadecimal digits that nobody guesses."""
        return self._context.ids.secret(8).hex()

    def now(self) -> datetime:
        """Return the time, aware."""
        return self._context.clock.now()

    async def is_agents(self, channel: str, address: str) -> bool:
        """Tell whether what is sent to an address goes into the hub."""
        asked = self._context.is_agents
        return bool(
            _AGENTS.fullmatch(address) or (asked is not None and await asked(channel, address))
        )

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
        reply = await self.ask(url, webhook)
        return None if reply is None else reply.status

    async def ask(self, url: str, webhook: Webhook) -> WebhookReply | None:
        """Tell the hub of something, as `tell` does, and return its whole answer."""
        body = webhook.model_dump_json(by_alias=True).encode()
        headers = {
            "content-type": "application/json",
            SIGNATURE_HEADER: signature("POST", url, body, self._config),
        }
        reply = await self._delivered("POST", url, headers, body, of=webhook.type)
        if reply is not None and not is_accepted(reply.status):
            self._context.log.warning(
                "demo.webhook_refused", webhook=webhook.type, status=reply.status
            )
        return reply

    async def fetch(self, media: Media) -> Sound | None:
        """Return a sound that the hub serves; None of others, since nothing leaves the machine."""
        if not media.url.startswith(self._own_url):
            return None
        reply = await self._delivered("GET", media.url, {}, b"", of="sound")
        try:
            if reply is not None and is_accepted(reply.status):
                return read_sound(reply.body, reply.content_type or media.content_type)
        except UnreadableSound:
            pass
        self._context.log.warning("demo.sound_unreadable", status=reply and reply.status)
        return None

    @property
    def _own_url(self) -> str:
        """Where all that the hub serves begins."""
        url = self._context.callback_url(CallbackKind.VOICE, "connections")
        return url.removesuffix(f"webhooks/connections/{CallbackKind.VOICE}")

    async def _delivered(
        self, method: str, url: str, headers: dict[str, str], body: bytes, *, of: str
    ) -> WebhookReply | None:
        request = WebhookRequest(
            method=method, url=url, headers=headers, body=body, received_at=self.now()
        )
        try:
            return await self._context.deliver(request)
        except Exception as error:  # noqa: BLE001 - a broken hub must not break the network
            name = type(error).__name__  # and no more of it: a traceback may quote the text
            self._context.log.error("demo.webhook_failed", webhook=of, error=name)
            return None


def is_accepted(http_status: int | None) -> bool:
    """Tell whether the hub accepted a webhook that it answered with `http_status`."""
    return http_status is not None and 200 <= http_status < 300
