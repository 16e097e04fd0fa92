"""The entry point: what the simulated network offers to the hub. One network per hub."""

from functools import partial
from typing import Any

from trunkline.sdk import (
    ASGIApp,
    Capability,
    ProviderSpec,
    Site,
    TelephonyProvider,
    WhatsAppProvider,
    hookimpl,
)
from trunkline_demo.config import PRICES, DemoConfig
from trunkline_demo.network import Network
from trunkline_demo.provider import open_provider
from trunkline_demo.webhooks import DemoWebhooks
from trunkline_demo.whatsapp import WhatsApp
from trunkline_demo.whatsapp_provider import FAILURES, open_whatsapp


class DemoPlugin:
    """The provider ``demo`` and, under ``/demo``, the handsets of its network."""

    def __init__(self) -> None:
        self._network = Network()
        self._whatsapp = WhatsApp(self._network)
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
    def trunkline_register_sites(self) -> list[Site]:
        return [Site(prefix="/demo", app=self._serve, demo_only=True)]

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:  # the web framework is loaded at the first request, not at start-up
            from trunkline_demo.site import demo_app

            self._app = demo_app(self._network, self._whatsapp)
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
                Capability.WHATSAPP_RECEIVE,
                Capability.WHATSAPP_STATUS,
            }
        ),
        failures=FAILURES,
        webhook=DemoWebhooks(),
        simulated=True,
    )
