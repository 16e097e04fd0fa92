"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence
from datetime import date

from trunkline.sdk import (
    Capability,
    Idempotency,
    KeyForm,
    PriceList,
    ProviderSpec,
    TelephonyProvider,
    hookimpl,
)
from trunkline_example.config import ExampleConfig
from trunkline_example.sms import open_postbird
from trunkline_example.webhooks import PostbirdWebhooks
from trunkline_example.wire import FAILURES

# -- start plugin --
EXAMPLE: ProviderSpec[TelephonyProvider, ExampleConfig] = ProviderSpec(
    name="example",
    config=ExampleConfig,
    open=open_postbird,
    capabilities=frozenset(
        {
            Capability.SMS_SEND,
            Capability.SMS_RECEIVE,
            Capability.SMS_STATUS,
            Capability.MMS_SEND,
            Capability.LOOKUP_BY_ID,
        }
    ),
    idempotency=Idempotency(form=KeyForm.ANY, window_s=24 * 3600),
    failures=FAILURES,
    webhook=PostbirdWebhooks(),
    prices=PriceList(
        currency="USD",
        source="https://postbird.example/pricing",
        checked_on=date(2026, 1, 15),
        sms_segment_micros={"US": 7_900, "*": 50_000},  # 0.0079 and 0.05 dollars
        mms_message_micros={"US": 20_000},
    ),
)


@hookimpl
def trunkline_register_telephony() -> Sequence[ProviderSpec[TelephonyProvider, ExampleConfig]]:
    """Offer Postbird."""
    return [EXAMPLE]
    # -- end plugin --
