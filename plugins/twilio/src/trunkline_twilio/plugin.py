"""What the hub loads: an account's specs, for texts and calls and for WhatsApp, and the hooks."""

from collections.abc import Sequence
from typing import Final

from trunkline.sdk import (
    Capability,
    ProviderSpec,
    TelephonyProvider,
    WhatsAppProvider,
    hookimpl,
)
from trunkline_twilio.call_failures import CALL_FAILURES
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.failures import FAILURES
from trunkline_twilio.sms import open_twilio
from trunkline_twilio.webhooks import TwilioWebhooks
from trunkline_twilio.whatsapp import open_whatsapp

WEBHOOKS: Final = TwilioWebhooks()
"""Of both kinds: an account calls one door."""

_DATA: Final = (Capability.MEDIA_FETCH, Capability.MEDIA_DELETE, Capability.MESSAGE_DELETE)

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
            Capability.ACCOUNT_BELOW,
            *_DATA,
        }
    ),
    # Of an MMS, its text included ("Accepted content types for media", 2026-11-21).
    most_media_bytes=5_000_000,
    failures={**CALL_FAILURES, **FAILURES},
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
            Capability.WHATSAPP_SENDERS,
            Capability.WHATSAPP_WEBHOOK,
            Capability.WHATSAPP_REGISTER,
            Capability.ACCOUNT_BELOW,
            Capability.LOOKUP_BY_ID,
            Capability.LOOKUP_BY_ADDRESS,
            *_DATA,
        }
    ),
    # Of every channel ("Messages resource", 2026-11-21); WhatsApp itself takes more.
    most_characters=1600,
    most_media_bytes=16_000_000,  # of WhatsApp (the same)
    failures=FAILURES,
    webhook=WEBHOOKS,
)


@hookimpl
def trunkline_register_telephony() -> Sequence[ProviderSpec[TelephonyProvider, TwilioConfig]]:
    """Offer Twilio for texts and calls."""
    return [TWILIO]


@hookimpl
def trunkline_register_whatsapp() -> Sequence[ProviderSpec[WhatsAppProvider, TwilioConfig]]:
    """Offer the same account for WhatsApp messages."""
    return [WHATSAPP]
