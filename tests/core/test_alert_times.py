"""When alerts are told, by the clocks of an operator."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from trunkline.core.alerts.models import AlertKind
from trunkline.core.alerts.times import Times
from trunkline.logs import masked
from trunkline.sdk import Severity

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
AT_NIGHT = (time(22), time(7))
HIGH = Severity.HIGH


def at(text: str, zone: ZoneInfo | None = None, *, fold: int = 0) -> datetime:
    """Return a time that clocks of a zone show."""
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-12-01T21:59", None),
        ("2026-12-01T22:00", "2026-12-02T07:00"),
        ("2026-12-01T23:59", "2026-12-02T07:00"),
        ("2026-12-02T00:00", "2026-12-02T07:00"),
        ("2026-12-02T06:59", "2026-12-02T07:00"),
        ("2026-12-02T07:00", None),
    ],
)
def test_quiet_hours_may_span_midnight(now: str, until: str | None) -> None:
    times = Times(zone=BERLIN, quiet=AT_NIGHT)
    ends = None if until is None else at(until, BERLIN)
    assert times.waits_until(HIGH, at(now, BERLIN)) == ends
    assert times.waits_until(Severity.CRITICAL, at(now, BERLIN)) is None
    assert Times(zone=BERLIN, quiet=None).waits_until(HIGH, at(now, BERLIN)) is None


@pytest.mark.parametrize(
    ("now", "hours"), [("2026-03-07T22:00", 8), ("2026-10-31T22:00", 10), ("2026-06-01T22:00", 9)]
)
def test_quiet_hours_end_by_the_clocks_also_in_the_nights_that_these_are_changed(
    now: str, hours: int
) -> None:
    begins = at(now, NEW_YORK)
    until = Times(zone=NEW_YORK, quiet=AT_NIGHT).waits_until(HIGH, begins)
    assert until is not None
    assert (until - begins).total_seconds() == hours * 3600


def test_quiet_hours_that_end_at_a_time_that_is_skipped_end_an_hour_late() -> None:
    times = Times(zone=NEW_YORK, quiet=(time(22), time(2, 30)))
    now = at("2026-03-08T01:00", NEW_YORK)
    until = times.waits_until(HIGH, now)
    assert until == at("2026-03-08T03:30", NEW_YORK)
    assert times.waits_until(HIGH, at("2026-03-08T03:30", NEW_YORK)) is None


def test_quiet_hours_that_end_at_a_time_that_comes_twice_are_over_within_the_night() -> None:
    times = Times(zone=NEW_YORK, quiet=(time(22), time(1, 30)))
    first = times.waits_until(HIGH, at("2026-11-01T00:30", NEW_YORK))
    again = times.waits_until(HIGH, at("2026-11-01T01:10", NEW_YORK, fold=1))
    assert first == at("2026-11-01T01:30", NEW_YORK)
    assert again == at("2026-11-01T01:30", NEW_YORK, fold=1)


def test_what_is_medium_is_told_each_half_hour_and_what_is_low_at_nine() -> None:
    times = Times(zone=BERLIN, quiet=AT_NIGHT)
    now = at("2026-12-01T08:00:00")  # nine in Berlin
    assert times.due(Severity.MEDIUM, now) == at("2026-12-01T08:30")
    assert times.due(Severity.LOW, now) == at("2026-12-02T08:00")
    assert times.due(Severity.LOW, at("2026-12-01T07:59")) == now
    assert times.due(HIGH, now) == times.due(Severity.CRITICAL, now) == now


@pytest.mark.parametrize("kind", AlertKind)
def test_nothing_that_an_alert_says_would_be_taken_out_of_a_log(kind: AlertKind) -> None:
    assert masked(kind.sentence) == kind.sentence
    assert kind.sentence.endswith(".")
    assert len(kind.word) <= 32
