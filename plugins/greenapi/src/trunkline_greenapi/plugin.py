"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence

from trunkline.sdk import Capability, ProviderSpec, WhatsAppProvider, hookimpl
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.statuses import FAILURES
from trunkline_greenapi.webhooks import GreenApiWebhooks
from trunkline_greenapi.whatsapp import WARNING, open_greenapi

GREENAPI: ProviderSpec[WhatsAppProvider, GreenApiConfig] = ProviderSpec(
    name="greenapi",
    config=GreenApiConfig,
    open=open_greenapi,
    capabilities=frozenset(
        {
            Capability.WHATSAPP_SEND,
            Capability.WHATSAPP_MEDIA,
            Capability.WHATSAPP_BUTTONS,
            Capability.WHATSAPP_RECEIVE,
            Capability.WHATSAPP_STATUS,
            Capability.WHATSAPP_SENDERS,
            Capability.WHATSAPP_WEBHOOK,
            Capability.LISTEN,
            Capability.MEDIA_FETCH,
            Capability.LOOKUP_BY_ID,
            Capability.LOOKUP_BY_ADDRESS,
        }
    ),
    # "The appearance of messages in the journal may take up to 2 minutes" after they left the queue
    # (GREEN-API, "LastOutgoingMessages", November 2026).
    lookup_lag_s=150.0,
    most_media_bytes=100_000_000,  # "sendFileByUrl", November 2026
    failures=FAILURES,
    webhook=GreenApiWebhooks(),
    warning=WARNING,
)


@hookimpl
def trunkline_register_whatsapp() -> Sequence[ProviderSpec[WhatsAppProvider, GreenApiConfig]]:
    """Offer GREEN-API."""
    return [GREENAPI]
