"""What the bench says: figures, their gates, and whether they hold."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bench.gates import GATES

SWING: Final = 2.0
"""Where a floor's largest value is more than this times its smallest, nothing is concluded."""


class Verdict(StrEnum):
    """Whether a figure keeps within its gate."""

    PASS = "pass"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NO_GATE = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table."""

    name: str
    measured: str
    verdict: Verdict = Verdict.NO_GATE

    @property
    def gate(self) -> str:
        """What it must keep to; empty when it is there to be read only."""
        return str(GATES.get(self.name, ""))


def ratio(name: str, tops: Sequence[float], floors: Sequence[float]) -> Figure:
    """Return the median of the ratios of rounds."""
    ratios = [top / floor if floor else 0.0 for top, floor in zip(tops, floors, strict=True)]
    median = statistics.median(ratios)
    measured = f"{median:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return Figure(name=name, measured=measured, verdict=_verdict(name, median, floors))


def value(
    name: str,
    values: Sequence[float],
    unit: str,
    *,
    floors: Sequence[float] = (),
    note: str = "",
) -> Figure:
    """Return the median of the values of rounds; `floors` are what they depend on."""
    median = statistics.median(values)
    spread = f" ({digits(min(values))} to {digits(max(values))})" if len(values) > 1 else ""
    measured = f"{digits(median)}{spread} {unit}{note}"
    return Figure(name=name, measured=measured, verdict=_verdict(name, median, floors))


def incorrect(name: str, complaints: Sequence[str]) -> Figure:
    """Return the figure of a run whose answers were wrong: it scores nothing."""
    return Figure(
        name=name, measured=f"0, it was wrong: {'; '.join(complaints)}", verdict=Verdict.FAIL
    )


def digits(number: float) -> str:
    """Return a number with three digits that count."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _verdict(name: str, median: float, floors: Sequence[float]) -> Verdict:
    gate = GATES.get(name)
    if gate is None:
        return Verdict.NO_GATE
    if floors and max(floors) > SWING * min(floors):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if gate.holds(median) else Verdict.FAIL
