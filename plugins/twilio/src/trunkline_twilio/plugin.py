"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence

from trunkline.sdk import Capability, ProviderSpec, TelephonyProvider, hookimpl
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.failures import FAILURES
from trunkline_twilio.sms import open_twilio
from trunkline_twilio.webhooks import TwilioWebhooks

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
    webhook=TwilioWebhooks(),
)


@hookimpl
def trunkline_register_telephony() -> Sequence[ProviderSpec[TelephonyProvider, TwilioConfig]]:
    """Offer Twilio."""
    return [TWILIO]
