"""The first, the second, every operation fails, one in each run: no place is left out."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.simulation.bugs import after_a_crash_nobody_looks
from tests.simulation.disk import Trouble
from tests.simulation.plans import PEOPLE, Event, Order, Plan
from tests.simulation.runs import Run, run_plan
from tests.simulation.weather import STORM, Weather

BAD = [weather for weather in STORM if weather is not Weather.FAIR]


def scenario(**fault: object) -> Plan:
    """Return a small day: sends over every connection, one with a twin, one for later, a STOP."""
    orders = [
        Order(number=number, at_s=0.1 + number / 2, agent=agent, recipient=PEOPLE[number % 2])
        for number, agent in enumerate(("key", "lookup", "none", "any"))
    ]
    orders[0].twins = (0.2,)
    orders[1].in_s = 2.0
    events = (
        Event(at_s=1.0, kind="text", which=PEOPLE[0], value="hello"),
        Event(at_s=2.2, kind="text", which=PEOPLE[1], value="STOP"),
    )
    given = {"seed": 0, "hubs": 1, "orders": tuple(orders), "events": events}
    return Plan(**given, storm_s=6.0, stormy=False, **fault)  # type: ignore[arg-type]


def until_it_comes_too_late(what: str, run: Callable[[int], Run]) -> int:
    """Run with the nth of something failing, n = 1, 2, …, until no run has so many; count them."""
    for n in count(1):
        result = run(n)
        assert result.broken == (), f"with {what} {n}"
        if result.counts[what] < n:
            return n - 1
    raise AssertionError("it counts on for ever")


@pytest.mark.slow
@pytest.mark.parametrize("fault", Trouble)
def test_any_operation_of_the_database_may_fail(fault: Trouble) -> None:
    failed = until_it_comes_too_late(
        "database operations", lambda n: run_plan(scenario(nth=n, fault=fault))
    )

    assert failed > 50


@pytest.mark.slow
def test_a_hub_that_left_what_its_dead_began_would_be_noticed() -> None:
    with after_a_crash_nobody_looks(), pytest.raises(AssertionError, match="left sending"):
        until_it_comes_too_late(
            "database operations",
            lambda n: run_plan(scenario(nth=n, fault=Trouble.KILLED_AFTER)),
        )


@pytest.mark.slow
@pytest.mark.parametrize("weather", BAD)
def test_any_request_to_a_vendor_may_fail(weather: Weather) -> None:
    failed = until_it_comes_too_late(
        "requests to vendors",
        lambda n: run_plan(scenario(script=(Weather.FAIR,) * (n - 1) + (weather,))),
    )

    assert failed >= 3
