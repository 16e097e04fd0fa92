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
    TelephonyProvider,
    WhatsAppProvider,
    hookimpl,
)
from trunkline_demo.config import PRICES, DemoConfig
from trunkline_demo.mail_webhooks import MAIL_FAILURES
from trunkline_demo.network import Network
from trunkline_demo.provider import open_provider
from trunkline_demo.webhooks import DemoWebhooks
from trunkline_demo.whatsapp import WhatsApp
from trunkline_demo.whatsapp_provider import FAILURES, open_whatsapp

if TYPE_CHECKING:
    from trunkline_demo.mailbox import Mailboxes


class DemoPlugin:
    """The provider ``demo`` and, under ``/demo``, the handsets and mailboxes of its network."""

    def __init__(self) -> None:
        self._network = Network()
        self._whatsapp = WhatsApp(self._network)
        self._mailboxes: Mailboxes | None = None
        self._app: ASGIApp | None = None

    @hookimpl
    def trunkline_register_telephony(self) -> list[ProviderSpec[TelephonyProvider, DemoConfig]]:
        return [
            ProviderSpec(
                name="demo",
                config=DemoConfig,
                open=partial(open_provider, self._network),
                capabilities=frozenset(
                    {
                        Capability.SMS_SEND,
                        Capability.MMS_SEND,
                        Capability.SMS_RECEIVE,
                        Capability.SMS_STATUS,
                    }
                ),
                webhook=DemoWebhooks(),
                prices=PRICES,
                simulated=True,
            )
        ]

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
                    }
                ),
                failures=MAIL_FAILURES,
                webhook=DemoWebhooks(),
                simulated=True,
            )
        ]

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

            self._app = demo_app(self._network, self.mailboxes, self._whatsapp)
        await self._app(scope, receive, send)


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
            }
        ),
        failures=FAILURES,
        webhook=DemoWebhooks(),
        simulated=True,
    )
