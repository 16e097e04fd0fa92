"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence

from trunkline.sdk import Capability, ProviderSpec, TelephonyProvider, hookimpl
from trunkline_example.config import ExampleConfig
from trunkline_example.sms import open_postbird
from trunkline_example.webhooks import PostbirdWebhooks

# -- start plugin --
EXAMPLE: ProviderSpec[TelephonyProvider, ExampleConfig] = ProviderSpec(
    name="example",
    config=ExampleConfig,
    open=open_postbird,
    capabilities=frozenset({Capability.SMS_SEND, Capability.SMS_RECEIVE, Capability.SMS_STATUS}),
    webhook=PostbirdWebhooks(),
)


@hookimpl
def trunkline_register_telephony() -> Sequence[ProviderSpec[TelephonyProvider, ExampleConfig]]:
    """Offer Postbird."""
    return [EXAMPLE]
    # -- end plugin --
