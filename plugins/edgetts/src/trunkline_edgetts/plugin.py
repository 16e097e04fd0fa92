"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from trunkline.sdk import Capability, PriceList, ProviderSpec, TtsProvider, hookimpl
from trunkline_edgetts.config import EdgeTtsConfig
from trunkline_edgetts.speech import open_edge

_WARNING: Final = (
    "edgetts is unofficial: it speaks through a service that Microsoft runs for its browser Edge, "
    "promises to nobody and may change or end at any time. Put another behind it in the slot."
)

EDGETTS: ProviderSpec[TtsProvider, EdgeTtsConfig] = ProviderSpec(
    name="edgetts",
    config=EdgeTtsConfig,
    open=open_edge,
    capabilities=frozenset({Capability.TTS_MP3, Capability.TTS_VOICES}),
    most_characters=10_000,  # ours: some minutes; the service speaks on as long as it is asked to
    prices=PriceList(
        currency="USD",
        source="github.com/rany2/edge-tts: no key and no account",
        checked_on=date(2026, 11, 30),
        tts_thousand_characters_micros=0,
    ),
    warning=_WARNING,
)


@hookimpl
def trunkline_register_tts() -> Sequence[ProviderSpec[TtsProvider, EdgeTtsConfig]]:
    """Offer the voices of Edge."""
    return [EDGETTS]
