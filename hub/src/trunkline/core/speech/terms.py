"""What a provider of speech takes, gives and charges."""

from collections.abc import Mapping, Sequence
from typing import Final

from trunkline.core.connections.registry import Connection
from trunkline.core.speech.models import Cost
from trunkline.sdk import AudioFormat, Billed, Rejected

MOST_CHARACTERS: Final = 5_000
"""Longest text that is spoken: about six minutes."""


def longest(connection: Connection) -> int:
    """Return how many characters a provider speaks in one text."""
    return min(connection.spec.most_characters or MOST_CHARACTERS, MOST_CHARACTERS)


_LIKED: Final[Mapping[AudioFormat, Sequence[AudioFormat]]] = {
    AudioFormat.WAV: (
        AudioFormat.MULAW_8000,  # as telephones have it, and nothing is to be computed
        AudioFormat.WAV,
        AudioFormat.PCM_16000,
        AudioFormat.MP3,
        AudioFormat.OGG_OPUS,
    ),
    AudioFormat.OGG_OPUS: (
        AudioFormat.OGG_OPUS,
        AudioFormat.PCM_16000,
        AudioFormat.WAV,
        AudioFormat.MP3,
        AudioFormat.MULAW_8000,
    ),
}
"""What is asked of a provider to make of it what is needed, best first."""


def source_of(connection: Connection, wanted: AudioFormat) -> AudioFormat:
    """Return what to ask a provider for, to make of it what is wanted."""
    able = connection.spec.capabilities
    for each in _LIKED.get(wanted, (wanted,)):
        if f"tts.{each}" in able:
            return each
    raise Rejected(f"The provider '{connection.spec.name}' names no form that it speaks in.")


def cost_of(connection: Connection, text: str, billed: Sequence[Billed]) -> Cost:
    """Return what a provider charged: as it told, or by its prices."""
    told = billed[-1] if billed else Billed()
    units = told.units if told.units is not None else len(text)
    cost_micros, currency = told.cost_micros, told.currency
    prices = connection.spec.prices
    if cost_micros is None and prices is not None:
        per_thousand = prices.tts_thousand_characters_micros
        if per_thousand is not None:
            cost_micros, currency = -(-units * per_thousand // 1000), prices.currency
    return Cost(
        part="speech",
        connection=connection.name,
        provider=connection.spec.name,
        units=units,
        cost_micros=cost_micros,
        currency=currency,
        cost_final=told.cost_micros is not None,
    )
