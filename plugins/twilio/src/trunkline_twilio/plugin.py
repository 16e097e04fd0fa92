"""What the hub loads: an account's specs for texts and for WhatsApp, and the hooks for them."""

from collections.abc import Sequence
from typing import Final

from trunkline.sdk import (
    Capability,
    ProviderSpec,
    TelephonyProvider,
    WhatsAppProvider,
    hookimpl,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.failures import FAILURES
from trunkline_twilio.sms import open_twilio
from trunkline_twilio.webhooks import TwilioWebhooks
from trunkline_twilio.whatsapp import open_whatsapp

WEBHOOKS: Final = TwilioWebhooks()
"""Of both kinds: an account calls one door."""

TWILIO: ProviderSpec[TelephonyProvider, TwilioConfig] = ProviderSpec(
    name="twilio",
    config=TwilioConfig,
    open=open_twilio,
    capabilities=frozenset(
        {
            Capability.SMS_SEND,
            Capability.MMS_SEND,
            Capability.SMS_RECEIVE,
            Capability.SMS_STATUS,
            Capability.LOOKUP_BY_ID,
            Capability.LOOKUP_BY_ADDRESS,
        }
    ),
    failures=FAILURES,
    webhook=WEBHOOKS,
)

WHATSAPP: ProviderSpec[WhatsAppProvider, TwilioConfig] = ProviderSpec(
    name="twilio",
    config=TwilioConfig,
    open=open_whatsapp,
    capabilities=frozenset(
        {
            Capability.WHATSAPP_SEND,
            Capability.WHATSAPP_MEDIA,
            Capability.WHATSAPP_TEMPLATE,
            Capability.WHATSAPP_RECEIVE,
            Capability.WHATSAPP_STATUS,
            Capability.LOOKUP_BY_ID,
            Capability.LOOKUP_BY_ADDRESS,
        }
    ),
    # Of every channel ("Messages resource", 2026-11-21); WhatsApp itself takes more.
    most_characters=1600,
    failures=FAILURES,
    webhook=WEBHOOKS,
)


@hookimpl
def trunkline_register_telephony() -> Sequence[ProviderSpec[TelephonyProvider, TwilioConfig]]:
    """Offer Twilio for texts."""
    return [TWILIO]


@hookimpl
def trunkline_register_whatsapp() -> Sequence[ProviderSpec[WhatsAppProvider, TwilioConfig]]:
    """Offer the same account for WhatsApp messages."""
    return [WHATSAPP]
