"""The one sender of an instance: the linked phone, and where GREEN-API calls for it."""

from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from trunkline.sdk import (
    E164,
    Readiness,
    Rejected,
    SenderOperations,
    SenderSettings,
    Standing,
    WhatsAppSender,
    e164,
    transport_errors,
)
from trunkline_greenapi.answers import Answer, Settings
from trunkline_greenapi.api import Api, read
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.states import AUTHORIZED, PASSING, STATES

_OTHER_NUMBER: Final = "The linked phone has another number than phone_number: correct it."
_UNKNOWN: Final = "Its state is unknown: look at it in GREEN-API's console."
_NOT_LINKED: Final = "notAuthorized"


class Senders(Api, SenderOperations):
    """One open instance, for its sender."""

    async def senders(self) -> list[WhatsAppSender]:
        account = read(_Account, await self._get("getWaSettings"))
        settings = read(Settings, await self._get("getSettings"))
        return [
            WhatsAppSender(
                provider_id=self._config.id_instance,
                number=account.number or E164(self._config.phone_number),
                standing=account.standing(self._config.phone_number),
                settings=_shown(settings, self._config),
            )
        ]

    async def find_sender(self, number: E164) -> WhatsAppSender | None:
        return next((each for each in await self.senders() if each.number == number), None)

    async def set_sender(self, provider_id: str, settings: SenderSettings) -> WhatsAppSender:
        if provider_id != self._config.id_instance:
            raise Rejected("The connection has one instance, and it is another one.")
        asked = _wanted(settings, self._config)
        held = read(dict[str, object], await self._get("getSettings"))
        # Each change restarts the instance.
        if any(held.get(name) != value for name, value in asked.items()):
            with transport_errors("GREEN-API"):
                response = await self._http.post(self._url("setSettings"), json=asked)
            read(_Saved, response)
        (sender,) = await self.senders()
        return sender


def _wanted(settings: SenderSettings, config: GreenApiConfig) -> dict[str, str]:
    """Return how an instance is set: where the hub asks, GREEN-API must call nobody."""
    url, token = "", ""
    if settings.inbound_url and config.webhook_secret and config.webhook_token:
        url = f"{settings.inbound_url}/{config.webhook_secret.get_secret_value()}"
        token = config.webhook_token.get_secret_value()
    return {
        "webhookUrl": url,
        "webhookUrlToken": token,
        "incomingWebhook": "yes",
        "outgoingWebhook": "yes",
    }


def _shown(settings: Settings, config: GreenApiConfig) -> SenderSettings:
    """Return how an instance is set: one address is for messages and statuses alike."""
    bare = SenderSettings(display_name="", inbound_url=None, status_url=None)
    if config.webhook_secret is None or config.webhook_token is None:
        return bare  # the hub asks
    secret = f"/{config.webhook_secret.get_secret_value()}"
    token = settings.webhook_token.removeprefix("Bearer ")
    if (
        token != config.webhook_token.get_secret_value()
        or not settings.webhook_url.endswith(secret)
        or (settings.incoming, settings.outgoing) != ("yes", "yes")
    ):
        return bare  # the hub could not believe it, or would hear but a part
    return replace(bare, inbound_url=settings.webhook_url.removesuffix(secret))


class _Account(Answer):
    """What is read of the linked phone."""

    state: str = Field(alias="stateInstance", pattern="^[A-Za-z]{1,32}$")
    phone: str = Field("", pattern="^([1-9][0-9]{6,14})?$")

    @property
    def number(self) -> E164 | None:
        """Its number; None while no phone is linked."""
        return e164(f"+{self.phone}") if self.phone else None

    def standing(self, phone_number: str) -> Standing:
        """Return whether messages go out."""
        if self.number and self.number != phone_number:
            return self._told(Readiness.REJECTED, _OTHER_NUMBER)
        if self.state == AUTHORIZED:
            return self._told(Readiness.READY, None)
        if self.state in STATES:
            is_linked = self.state != _NOT_LINKED
            readiness = Readiness.REJECTED if is_linked else Readiness.MISSING
            return self._told(readiness, STATES[self.state])
        return self._told(Readiness.PENDING, PASSING.get(self.state, _UNKNOWN))

    def _told(self, readiness: Readiness, sentence: str | None) -> Standing:
        return Standing(readiness=readiness, vendor_status=self.state, sentence=sentence)


class _Saved(Answer):
    saved: Literal[True] = Field(alias="saveSettings")
