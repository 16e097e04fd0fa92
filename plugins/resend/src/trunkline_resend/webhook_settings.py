"""The webhook that Resend is to call: one for each hub, set once, and its signing secret."""

import re
from typing import Final
from urllib.parse import quote

from pydantic import Field, SecretStr

from trunkline.sdk import DomainOperations, MailWebhook, NotSetUp, OutcomeUnknown
from trunkline_resend.api import MOST, Api, is_missing, read
from trunkline_resend.domains import MOST_PAGES
from trunkline_resend.errors import refusal
from trunkline_resend.failures import STATUSES
from trunkline_resend.wire import Read

SECRET: Final = "webhook_secret"
"""Under which name the signing secret is kept: that of the setting that it stands in for."""
EVENTS: Final = tuple(
    sorted(
        f"email.{each}"
        for each in ("received", *STATUSES)
        if each not in ("queued", "canceled")  # of which webhooks do not tell
    )
)
"""Every event that the adapter reads (Resend's OpenAPI file 1.5.0, its `webhooks`)."""
_ENABLED: Final = "enabled"
_DOOR: Final = re.compile(r"(.+/webhooks/connections/[^/]+)/email")
"""A hub's door for mails, which is the connection's own as well."""
_OTHER_SECRET: Final = (
    "webhook_secret is not that of the webhook that calls the hub: take it out of the connection's "
    "settings, and the hub keeps the right one."
)


class WebhookSettings(Api, DomainOperations):
    """One open Resend team, for its webhooks."""

    async def set_webhook(self, url: str) -> MailWebhook:
        async with self._setting:
            return await self._set_webhook(url)

    async def _set_webhook(self, url: str) -> MailWebhook:
        known = await self._ours(url)
        if not known:
            asked = {"endpoint": url, "events": [*EVENTS]}
            made = read(_Made, await self._ask("POST", "/webhooks", asked))
            # Another hub may have made one at this moment: both see both, and keep the same.
            known = await self._ours(url) or [
                _Webhook(id=made.id, endpoint=url, events=EVENTS, status=_ENABLED)
            ]
        first, *others = known
        path = f"/webhooks/{quote(first.id, safe='')}"
        if first.endpoint != url or not first.is_whole():
            events = sorted({*EVENTS, *(first.events or ())})  # somebody may want the others
            asked = {"endpoint": url, "events": events, "status": _ENABLED}
            read(_Made, await self._ask("PATCH", path, asked))
        shown = read(_Shown, await self._get(path))
        secret = shown.signing_secret.get_secret_value()
        if self._own_secrets and secret not in self._own_secrets.split():
            raise NotSetUp(_OTHER_SECRET)
        # First the secret, then the end of the others: what they sign could not be read.
        await self._secrets.put(SECRET, secret)
        for each in others:
            await self._remove(each.id)
        return MailWebhook(provider_id=shown.id, url=shown.endpoint, events=shown.heard())

    async def _ours(self, url: str) -> "list[_Webhook]":
        """Return the webhooks that call the hub, the oldest first."""
        ours = {url, _DOOR.sub(r"\1", url)}
        found = [each for each in await self._webhooks() if each.endpoint in ours]
        return sorted(found, key=lambda each: (each.created_at, each.id))

    async def _webhooks(self) -> "list[_Webhook]":
        found: list[_Webhook] = []
        after = ""
        for _ in range(MOST_PAGES):
            page = read(_Listed, await self._get(f"/webhooks?limit={MOST}{after}"))
            found += page.data
            if not page.has_more or not page.data:
                return found
            after = f"&after={quote(page.data[-1].id, safe='')}"
        # One that is not seen would be set twice.
        raise OutcomeUnknown("Resend lists more webhooks than can be read.")

    async def _remove(self, webhook_id: str) -> None:
        response = await self._ask("DELETE", f"/webhooks/{quote(webhook_id, safe='')}")
        if not response.is_success and not is_missing(response):
            raise refusal(response)


# --- what comes back ------------------------------------------------------------------------------


class _Made(Read):
    id: str = Field(min_length=1, max_length=128)


class _Webhook(_Made):
    endpoint: str
    events: tuple[str, ...] | None = None
    status: str | None = None
    created_at: str = ""

    def heard(self) -> tuple[str, ...]:
        """Return what it tells of; none while it is switched off."""
        return tuple(sorted(self.events or ())) if self.status == _ENABLED else ()

    def is_whole(self) -> bool:
        """Tell whether it tells of everything that the adapter reads."""
        return set(EVENTS) <= set(self.heard())


class _Shown(_Webhook):
    signing_secret: SecretStr = Field(min_length=1)


class _Listed(Read):
    data: tuple[_Webhook, ...]
    has_more: bool = False
