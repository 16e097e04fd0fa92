"""What was spoken, and what that cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from trunkline.core.messages.models import Message
from trunkline.sdk import Media


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What a part of a message cost, beside what carries it.

    Attributes:
        part: ``speech``, ``storage`` or ``recognition``.
        units: Of what the provider counts in, if it tells.
        cost_micros, currency: None where nobody tells.
        cost_final: The provider told it; otherwise it is by its prices.
    """

    part: str
    connection: str
    provider: str
    units: int | None
    cost_micros: int | None
    currency: str | None
    cost_final: bool = False


def whole_cost(message: Message, parts: Sequence[Cost]) -> tuple[int | None, str | None]:
    """Return what a message cost with its parts, in one currency; None where nobody tells."""
    currency = message.currency or next((each.currency for each in parts if each.currency), None)
    micros = [each.cost_micros for each in parts if each.currency == currency]
    known = [each for each in (message.cost_micros, *micros) if each is not None]
    return (sum(known) if known else None), currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """
    A text as sound.

    Attributes:
        media: Its handle, and what form it has.
        costs: What was paid for it; nothing where it had been spoken before.
        cost_ids: The rows in which that stands.
    """

    media: Media
    duration_ms: int
    connection: str
    costs: tuple[Cost, ...] = ()
    cost_ids: tuple[str, ...] = ()
