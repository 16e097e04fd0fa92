"""What the bench concludes from what it measured."""

import pytest

from bench.figures import Verdict, incorrect, ratio, value
from bench.gates import GATES, MEMORY, REST_NAIVE


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    figure = ratio(REST_NAIVE, [300.0, 500.0, 440.0], [10.0, 20.0, 20.0])

    assert figure.measured == "25.00 (22.00 to 30.00)"
    assert figure.gate == "≥ 20"
    assert figure.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("tops", "floors", "verdict"),
    [
        ([190.0, 210.0, 199.0], [10.0, 10.0, 10.0], Verdict.FAIL),
        ([1000.0, 1000.0, 1000.0], [10.0, 10.0, 21.0], Verdict.INCONCLUSIVE),
        ([0.0, 0.0, 0.0], [10.0, 10.0, 10.0], Verdict.FAIL),
        ([1000.0, 1000.0, 1000.0], [0.0, 0.0, 0.0], Verdict.FAIL),
    ],
)
def test_a_ratio_fails_below_its_gate_and_says_nothing_over_a_floor_that_swings(
    tops: list[float], floors: list[float], verdict: Verdict
) -> None:
    assert ratio(REST_NAIVE, tops, floors).verdict is verdict


def test_a_value_fails_above_its_gate() -> None:
    most = GATES[MEMORY].at_most
    assert most is not None

    assert value(MEMORY, [most], "MiB").verdict is Verdict.PASS
    assert value(MEMORY, [most + 1], "MiB").verdict is Verdict.FAIL


def test_a_figure_without_a_gate_has_no_verdict() -> None:
    assert value("Something else", [1.0], "/s").verdict is Verdict.NO_GATE


def test_what_was_wrong_fails_whatever_it_is() -> None:
    assert incorrect("Something else", ["a row is missing"]).verdict is Verdict.FAIL
