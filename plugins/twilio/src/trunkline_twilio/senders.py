"""WhatsApp senders at Twilio: its Senders API (messaging v2)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx2
from pydantic import Field

from trunkline.sdk import (
    E164,
    Quality,
    Readiness,
    SenderOperations,
    SenderSettings,
    Standing,
    WhatsAppSender,
    e164,
    transport_errors,
)
from trunkline_twilio.api import Answer, Api, NewerPage, read
from trunkline_twilio.callbacks import read_back, with_retries

_SENDERS: Final = "/v2/Channels/Senders"
_PREFIX: Final = "whatsapp:"
_OFFLINE: Final = "OFFLINE"
STATES: Final[Mapping[str, tuple[Readiness, str | None]]] = {
    "ONLINE": (Readiness.READY, None),
    "ONLINE:UPDATING": (Readiness.READY, None),
    "CREATING": (Readiness.PENDING, "Twilio registers it: wait some minutes."),
    "VERIFYING": (Readiness.PENDING, "WhatsApp checks the number: wait some minutes."),
    "PENDING_VERIFICATION": (
        Readiness.PENDING,
        "WhatsApp sent a code to the number: enter it at the sender in Twilio's console.",
    ),
    "TWILIO_REVIEW": (Readiness.PENDING, "Twilio looks at it, which may take days: wait."),
    "DRAFT": (Readiness.PENDING, "It is a draft: finish it under Senders in Twilio's console."),
    "STUBBED": (Readiness.PENDING, "It is a draft: finish it under Senders in Twilio's console."),
    _OFFLINE: (Readiness.REJECTED, None),
}
"""Every status of a sender (Twilio's OpenAPI file messaging_v2, April 2026)."""
_QUALITIES: Final[Mapping[str, Quality]] = {
    "HIGH": Quality.HIGH,
    "GREEN": Quality.HIGH,
    "MEDIUM": Quality.MEDIUM,
    "YELLOW": Quality.MEDIUM,
    "LOW": Quality.LOW,
    "RED": Quality.LOW,
}
"""Twilio's words, and Meta's own."""


class Senders(Api, SenderOperations):
    """One open Twilio account, for its WhatsApp senders."""

    async def senders(self) -> list[WhatsAppSender]:
        pages = await self._listed_at("messaging", _SENDERS, _Senders, Channel="whatsapp")
        return [each.sender() for page in pages for each in page.senders if each.number]

    async def find_sender(self, number: E164) -> WhatsAppSender | None:
        return next((each for each in await self.senders() if each.number == number), None)

    async def register_sender(self, number: E164, settings: SenderSettings) -> WhatsAppSender:
        asked = {
            "sender_id": f"{_PREFIX}{number}",
            "webhook": _webhook(settings),
            "profile": {"name": settings.display_name},
        }
        return read(_Sender, self._succeeded(await self._post_json(_SENDERS, asked))).sender()

    async def set_sender(self, provider_id: str, settings: SenderSettings) -> WhatsAppSender:
        uri = f"{_SENDERS}/{quote(provider_id, safe='')}"
        asked: dict[str, Any] = {"webhook": _webhook(settings)}
        if (await self._sender(uri)).settings.display_name != settings.display_name:
            asked["profile"] = {"name": settings.display_name}  # which Meta reviews anew
        self._succeeded(await self._post_json(uri, asked))
        return await self._sender(uri)

    async def remove_sender(self, provider_id: str) -> None:
        uri = f"{_SENDERS}/{quote(provider_id, safe='')}"
        await self._delete(uri, self._config.host("messaging"))

    async def _sender(self, uri: str) -> WhatsAppSender:
        response = await self._get(uri, self._config.host("messaging"))
        return read(_Sender, self._succeeded(response)).sender()

    async def _post_json(self, uri: str, asked: Mapping[str, Any]) -> httpx2.Response:
        with transport_errors("Twilio"):
            return await self._http.post(
                f"{self._config.host('messaging')}{uri}", json=asked, auth=self._auth
            )


def _webhook(settings: SenderSettings) -> dict[str, str | None]:
    inbound, status = settings.inbound_url, settings.status_url
    return {
        "callback_url": with_retries(inbound) if inbound else None,
        "callback_method": "POST",
        "status_callback_url": with_retries(status) if status else None,
        "status_callback_method": "POST",
    }


# --- what comes back ------------------------------------------------------------------------------


class _Webhook(Answer):
    callback_url: str | None = None
    status_callback_url: str | None = None


class _Profile(Answer):
    name: str | None = None


class _Properties(Answer):
    quality_rating: str | None = None


class _Reason(Answer):
    code: str | None = Field(None, pattern="^[0-9A-Za-z_]{1,32}$")


class _Sender(Answer):
    """What is read of a sender."""

    sid: str = Field(pattern="^XE[0-9a-fA-F]{32}$")
    sender_id: str
    status: str = Field("UNKNOWN", pattern="^[A-Z_:]{1,32}$")
    webhook: _Webhook | None = None
    profile: _Profile | None = None
    properties: _Properties | None = None
    offline_reasons: list[_Reason] | None = None

    @property
    def number(self) -> E164 | None:
        """Its number; None of one that has none, such as a channel of another kind."""
        try:
            return e164(self.sender_id.removeprefix(_PREFIX))
        except ValueError:
            return None

    def standing(self) -> Standing:
        """Return how it stands."""
        unknown = "Twilio says nothing that the hub knows: look at it in Twilio's console."
        readiness, sentence = STATES.get(self.status, (Readiness.PENDING, unknown))
        if self.status == _OFFLINE:
            codes = ", ".join(each.code for each in self.offline_reasons or () if each.code)
            because = f" ({codes})" if codes else ""
            sentence = f"It is offline{because}: see why under Senders in Twilio's console."
        return Standing(readiness=readiness, vendor_status=self.status, sentence=sentence)

    def sender(self) -> WhatsAppSender:
        """Return it in the hub's words."""
        webhook, profile = self.webhook or _Webhook(), self.profile or _Profile()
        rating = (self.properties or _Properties()).quality_rating or ""
        return WhatsAppSender(
            provider_id=self.sid,
            number=e164(self.sender_id.removeprefix(_PREFIX)),
            standing=self.standing(),
            settings=SenderSettings(
                display_name=profile.name or "",
                inbound_url=read_back(webhook.callback_url),
                status_url=read_back(webhook.status_callback_url),
            ),
            quality=_QUALITIES.get(rating.upper(), Quality.UNKNOWN),
        )


class _Senders(NewerPage):
    senders: list[_Sender]
