"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence

from trunkline.sdk import Capability, ProviderSpec, WhatsAppProvider, hookimpl
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.statuses import FAILURES
from trunkline_greenapi.webhooks import GreenApiWebhooks
from trunkline_greenapi.whatsapp import open_greenapi

GREENAPI: ProviderSpec[WhatsAppProvider, GreenApiConfig] = ProviderSpec(
    name="greenapi",
    config=GreenApiConfig,
    open=open_greenapi,
    capabilities=frozenset(
        {
            Capability.WHATSAPP_SEND,
            Capability.WHATSAPP_MEDIA,
            Capability.WHATSAPP_RECEIVE,
            Capability.WHATSAPP_STATUS,
            Capability.LISTEN,
            Capability.LOOKUP_BY_ID,
            Capability.LOOKUP_BY_ADDRESS,
        }
    ),
    # A message shows in the journal up to two minutes after it left the queue.
    accept_latency_s=300.0,
    failures=FAILURES,
    webhook=GreenApiWebhooks(),
)


@hookimpl
def trunkline_register_whatsapp() -> Sequence[ProviderSpec[WhatsAppProvider, GreenApiConfig]]:
    """Offer GREEN-API."""
    return [GREENAPI]
