"""What the bench says: figures, their gates, and whether they hold."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SWING: Final = 2.0
"""Where a floor's largest value is more than this times its smallest, nothing is concluded."""


class Verdict(StrEnum):
    """Whether a figure keeps within its gate."""

    PASS = "pass"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NO_GATE = "-"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table. `part` is what `--only` calls what measured it."""

    part: str
    name: str
    measured: str
    gate: str = ""
    verdict: Verdict = Verdict.NO_GATE


def ratio(
    part: str,
    name: str,
    tops: Sequence[float],
    floors: Sequence[float],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """Return the median of the ratios of rounds, as a figure with its gate."""
    ratios = [top / floor if floor else 0.0 for top, floor in zip(tops, floors, strict=True)]
    median = statistics.median(ratios)
    return Figure(
        part=part,
        name=name,
        measured=f"{median:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        gate=_gate(at_least, at_most),
        verdict=_verdict(median, floors, at_least, at_most),
    )


def value(
    part: str, name: str, values: Sequence[float], unit: str, *, at_most: float | None = None
) -> Figure:
    """Return the median of the values of rounds, as a figure with its gate, if it has one."""
    median = statistics.median(values)
    spread = f" ({digits(min(values))} to {digits(max(values))})" if len(values) > 1 else ""
    return Figure(
        part=part,
        name=name,
        measured=f"{digits(median)}{spread} {unit}",
        gate=f"{_gate(None, at_most)} {unit}" if at_most is not None else "",
        verdict=_verdict(median, (), None, at_most),
    )


def incorrect(part: str, name: str, complaints: Sequence[str]) -> Figure:
    """Return the figure of a run whose answers were wrong: it scores nothing."""
    said = "; ".join(complaints)
    return Figure(part=part, name=name, measured=f"0: {said}", gate="correct", verdict=Verdict.FAIL)


def digits(number: float) -> str:
    """Return a number with three digits that count."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _gate(at_least: float | None, at_most: float | None) -> str:
    if at_least is not None:
        return f"≥ {at_least:g}"
    return f"≤ {at_most:g}" if at_most is not None else ""


def _verdict(
    median: float, floors: Sequence[float], at_least: float | None, at_most: float | None
) -> Verdict:
    if at_least is None and at_most is None:
        return Verdict.NO_GATE
    if floors and max(floors) > SWING * min(floors):
        return Verdict.INCONCLUSIVE
    held = (at_least is None or median >= at_least) and (at_most is None or median <= at_most)
    return Verdict.PASS if held else Verdict.FAIL
