"""The entry point: what the simulated network offers to the hub. One network per hub."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from trunkline.sdk import (
    ASGIApp,
    Capability,
    EmailProvider,
    ProviderContext,
    ProviderSpec,
    Site,
    StorageProvider,
    SttProvider,
    TelephonyProvider,
    TtsProvider,
    WhatsAppProvider,
    hookimpl,
)
from trunkline_demo.call_webhooks import CALL_FAILURES
from trunkline_demo.config import MOST_SPOKEN, PRICES, DemoConfig
from trunkline_demo.mail_webhooks import MAIL_FAILURES
from trunkline_demo.network import Network
from trunkline_demo.provider import open_provider
from trunkline_demo.ringing import Exchange
from trunkline_demo.storage import Shelf, storage_spec
from trunkline_demo.webhooks import DemoWebhooks
from trunkline_demo.whatsapp import WhatsApp
from trunkline_demo.whatsapp_provider import FAILURES, open_whatsapp

if TYPE_CHECKING:
    from trunkline_demo.mailbox import Mailboxes


class DemoPlugin:
    """The provider ``demo`` and, under ``/demo``, the handsets and mailboxes of its network."""

    def __init__(self) -> None:
        self._network = Network()
        self._exchange = Exchange(self._network)
        self._whatsapp = WhatsApp(self._network)
        self.shelf = Shelf()
        self._mailboxes: Mailboxes | None = None
        self._app: ASGIApp | None = None

    @hookimpl
    def trunkline_register_telephony(self) -> list[ProviderSpec[TelephonyProvider, DemoConfig]]:
        return [telephony_spec(self._network, self._exchange)]

    @hookimpl
    def trunkline_register_whatsapp(self) -> list[ProviderSpec[WhatsAppProvider, DemoConfig]]:
        return [whatsapp_spec(self._whatsapp)]

    @hookimpl
    def trunkline_register_email(self) -> list[ProviderSpec[EmailProvider, DemoConfig]]:
        return [
            ProviderSpec(
                name="demo",
                config=DemoConfig,
                open=self._open_mail,
                capabilities=frozenset(
                    {
                        Capability.EMAIL_SEND,
                        Capability.EMAIL_ATTACH,
                        Capability.EMAIL_RECEIVE,
                        Capability.EMAIL_STATUS,
                        Capability.EMAIL_DOMAINS,
                    }
                ),
                failures=MAIL_FAILURES,
                webhook=DemoWebhooks(),
                simulated=True,
            )
        ]

    @hookimpl
    def trunkline_register_tts(self) -> list[ProviderSpec[TtsProvider, DemoConfig]]:
        return [
            ProviderSpec(
                name="demo",
                config=DemoConfig,
                open=_open_speech,
                capabilities=frozenset(
                    {Capability.TTS_MULAW_8000, Capability.TTS_WAV, Capability.TTS_VOICES}
                ),
                most_characters=MOST_SPOKEN,
                webhook=DemoWebhooks(),
                prices=PRICES,
                simulated=True,
            )
        ]

    @hookimpl
    def trunkline_register_stt(self) -> list[ProviderSpec[SttProvider, DemoConfig]]:
        return [
            ProviderSpec(
                name="demo",
                config=DemoConfig,
                open=_open_ear,
                capabilities=frozenset({Capability.STT_FILE}),
                webhook=DemoWebhooks(),
                prices=PRICES,
                simulated=True,
            )
        ]

    @hookimpl
    def trunkline_register_storage(self) -> list[ProviderSpec[StorageProvider, DemoConfig]]:
        return [storage_spec(self.shelf)]

    @hookimpl
    def trunkline_register_sites(self) -> list[Site]:
        return [Site(prefix="/demo", app=self._serve, demo_only=True)]

    @property
    def mailboxes(self) -> "Mailboxes":
        """The network's mailboxes; what reads and writes mails is loaded with them."""
        from trunkline_demo.mailbox import Mailboxes

        self._mailboxes = self._mailboxes or Mailboxes(self._network)
        return self._mailboxes

    @asynccontextmanager
    async def _open_mail(
        self, config: DemoConfig, context: ProviderContext
    ) -> AsyncIterator[EmailProvider]:
        from trunkline_demo.mail_provider import open_mail

        async with open_mail(self._network, self.mailboxes, config, context) as provider:
            yield provider

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:  # the web framework is loaded at the first request, not at start-up
            from trunkline_demo.site import demo_app

            self._app = demo_app(
                self._network, self._exchange, self.mailboxes, self._whatsapp, self.shelf
            )
        await self._app(scope, receive, send)


@asynccontextmanager
async def _open_speech(config: DemoConfig, context: ProviderContext) -> AsyncIterator[TtsProvider]:
    from trunkline_demo.speech import DemoSpeech  # with the tones, which only who speaks needs

    yield DemoSpeech()


@asynccontextmanager
async def _open_ear(config: DemoConfig, context: ProviderContext) -> AsyncIterator[SttProvider]:
    from trunkline_demo.speech import DemoEar

    yield DemoEar()


def telephony_spec(
    network: Network, exchange: Exchange
) -> ProviderSpec[TelephonyProvider, DemoConfig]:
    """Return the spec of a network's texts and calls."""
    return ProviderSpec(
        name="demo",
        config=DemoConfig,
        open=partial(open_provider, network, exchange),
        capabilities=frozenset(
            {
                Capability.SMS_SEND,
                Capability.MMS_SEND,
                Capability.SMS_RECEIVE,
                Capability.SMS_STATUS,
                Capability.CALL_PLACE,
                Capability.CALL_RECORD,
                Capability.CALL_RECEIVE,
                Capability.CALL_STATUS,
                Capability.CALL_LOOKUP,
                Capability.CALL_LOOKUP_BY_ADDRESS,
                Capability.CALL_END,
                Capability.CALL_MACHINE,
                Capability.NUMBER_SEARCH,
                Capability.NUMBER_BUY,
                Capability.NUMBER_STANDING,
                Capability.NUMBER_REGISTER,
                Capability.MEDIA_FETCH,
                Capability.MEDIA_DELETE,
                Capability.MESSAGE_DELETE,
            }
        ),
        failures=CALL_FAILURES,
        webhook=DemoWebhooks(),
        prices=PRICES,
        simulated=True,
    )


def whatsapp_spec(whatsapp: WhatsApp) -> ProviderSpec[WhatsAppProvider, DemoConfig]:
    """Return the spec of a network's WhatsApp."""
    return ProviderSpec(
        name="demo",
        config=DemoConfig,
        open=partial(open_whatsapp, whatsapp),
        capabilities=frozenset(
            {
                Capability.WHATSAPP_SEND,
                Capability.WHATSAPP_MEDIA,
                Capability.WHATSAPP_TEMPLATE,
                Capability.WHATSAPP_BUTTONS,
                Capability.WHATSAPP_LISTS,
                Capability.WHATSAPP_RECEIVE,
                Capability.WHATSAPP_STATUS,
                Capability.WHATSAPP_SENDERS,
                Capability.WHATSAPP_REGISTER,
            }
        ),
        failures=FAILURES,
        webhook=DemoWebhooks(),
        simulated=True,
    )
