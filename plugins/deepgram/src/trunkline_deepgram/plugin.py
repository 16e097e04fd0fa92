"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence

from trunkline.sdk import Capability, ProviderSpec, SttProvider, hookimpl
from trunkline_deepgram.account import open_deepgram
from trunkline_deepgram.config import DeepgramConfig

DEEPGRAM: ProviderSpec[SttProvider, DeepgramConfig] = ProviderSpec(
    name="deepgram",
    config=DeepgramConfig,
    open=open_deepgram,
    capabilities=frozenset({Capability.STT_FILE, Capability.STT_LIVE}),
)


@hookimpl
def trunkline_register_stt() -> Sequence[ProviderSpec[SttProvider, DeepgramConfig]]:
    """Offer Deepgram."""
    return [DEEPGRAM]
