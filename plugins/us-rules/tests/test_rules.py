"""What may go out to the United States, at which hour, how often, and with whose consent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from trunkline.sdk import (
    ALLOW,
    Block,
    ComplianceFacts,
    Consent,
    Defer,
    MessageClass,
    Place,
    PlaceSource,
    Said,
)
from trunkline_us_rules.config import UsRules
from trunkline_us_rules.hours import allowed_from
from trunkline_us_rules.plugin import US_RULES

NOON = datetime(2026, 12, 2, 17, tzinfo=UTC)  # a Wednesday: noon in New York, 7 in Honolulu


def facts(**given: object) -> ComplianceFacts:
    """Return an ordinary text to New York at noon."""
    usual = ComplianceFacts(
        now=NOON,
        agent_id="ann",
        channel="sms",
        sender="+12025550101",
        recipient="+12125550123",
        message_class=MessageClass.TRANSACTIONAL,
        place=Place(
            country="US", state="NY", zones=("America/New_York",), source=PlaceSource.NUMBER
        ),
        said=Said(text="Your table is ready."),
    )
    return replace(usual, **given)  # type: ignore[arg-type]


def judged(facts: ComplianceFacts, config: UsRules | None = None) -> object:
    """Return what the filter says."""
    return US_RULES.create(config or UsRules()).recheck(facts)


def opens(local: str, state: str | None, *zones: str) -> str:
    """Return when somebody may be contacted, after a time in the first zone, in that zone."""
    zone = ZoneInfo(zones[0] if zones else "America/New_York")
    until = allowed_from(datetime.fromisoformat(local).replace(tzinfo=zone), state, zones)
    assert until is not None
    return until.astimezone(zone).isoformat()[:16]


NY, LA = "America/New_York", "America/Los_Angeles"


@pytest.mark.parametrize(
    ("at", "state", "zones", "until"),
    [
        ("2026-12-02T12:00", "NY", [NY], "2026-12-02T12:00"),
        ("2026-12-02T08:59", "NY", [NY], "2026-12-02T09:00"),
        ("2026-12-02T19:59", "NY", [NY], "2026-12-02T19:59"),
        ("2026-12-02T20:00", "NY", [NY], "2026-12-03T09:00"),
        ("2026-12-02T23:00", "NY", [NY], "2026-12-03T09:00"),
        ("2026-12-05T21:00", "NY", [NY], "2026-12-06T12:00"),  # Saturday night, Sunday noon
        ("2026-12-05T21:00", "AL", ["America/Chicago"], "2026-12-07T09:00"),  # no Sundays
        ("2026-12-05T18:00", "RI", [NY], "2026-12-07T09:00"),
        ("2026-12-02T09:30", "KY", [NY], "2026-12-02T10:00"),
        ("2026-12-24T20:30", "NY", [NY], "2026-12-26T09:00"),  # Christmas
        ("2027-07-04T13:00", "NY", [NY], "2027-07-06T09:00"),  # a Sunday, observed on Monday
        ("2026-12-02T10:00", "ID", ["America/Boise", LA], "2026-12-02T10:00"),
        ("2026-12-02T09:30", "ID", ["America/Boise", LA], "2026-12-02T10:00"),
        ("2026-12-02T13:00", None, [], "2026-12-02T15:00"),  # ten in Honolulu
        ("2026-12-02T18:00", None, [], "2026-12-03T15:00"),
        ("2026-11-01T08:30", "NY", [NY], "2026-11-01T12:00"),  # the clocks were put back
        ("2027-03-14T08:30", "NY", [NY], "2027-03-14T12:00"),
    ],
)
def test_each_day_has_its_hours(at: str, state: str | None, zones: list[str], until: str) -> None:
    assert opens(at, state, *zones) == until


def test_at_night_a_text_waits_for_the_morning() -> None:
    said = judged(facts(now=NOON + timedelta(hours=11)))

    assert isinstance(said, Defer)
    assert (said.rule, said.until) == ("hours", datetime(2026, 12, 3, 14, tzinfo=UTC))


@pytest.mark.parametrize(
    "given",
    [
        {"message_class": MessageClass.VERIFICATION},
        {"message_class": MessageClass.EMERGENCY},
        {"message_class": MessageClass.INTERNAL},
        {"last_inbound_at": NOON + timedelta(hours=10, minutes=30)},
        {"channel": "email"},
        {"place": Place(country="GB", zones=("Europe/London",), source=PlaceSource.NUMBER)},
    ],
)
def test_what_may_come_at_any_hour(given: dict[str, object]) -> None:
    assert judged(facts(now=NOON + timedelta(hours=11), contacts_24h=3, **given)) == ALLOW


def test_transactional_acts_come_at_any_hour_only_if_they_say_so_and_the_operator_does() -> None:
    lenient, night = UsRules(transactional_any_time=True), NOON + timedelta(hours=11)

    assert judged(facts(now=night, class_given=True), lenient) == ALLOW
    assert isinstance(judged(facts(now=night), lenient), Defer)
    assert isinstance(judged(facts(now=night, class_given=True)), Defer)


def test_a_fourth_contact_within_a_day_is_one_too_many() -> None:
    assert judged(facts(contacts_24h=2)) == ALLOW
    said = judged(facts(contacts_24h=3))
    assert isinstance(said, Block)
    assert said.rule == "frequency"


@pytest.mark.parametrize(
    ("consent", "passes"),
    [
        (None, False),
        ({}, False),
        ({"written": True}, True),
        ({"written": True, "channel": "sms"}, True),
        ({"written": True, "channel": "voice"}, False),
        ({"written": True, "message_class": MessageClass.TRANSACTIONAL}, False),
    ],
)
def test_marketing_needs_written_consent(consent: dict[str, object] | None, passes: bool) -> None:
    given = () if consent is None else (Consent(given_at=NOON, **consent),)  # type: ignore[arg-type]
    said = judged(facts(message_class=MessageClass.MARKETING, consents=given))

    assert (said == ALLOW) is passes
    assert passes or (isinstance(said, Block) and said.rule == "consent")


def test_a_call_in_an_artificial_voice_needs_consent_to_that() -> None:
    call = facts(channel="voice", calls=True, speaks=True)
    agreed = Consent(given_at=NOON, artificial_voice=True)

    assert isinstance(judged(call), Block)
    assert isinstance(judged(replace(call, consents=(Consent(given_at=NOON),))), Block)
    assert judged(replace(call, consents=(agreed,))) == ALLOW
    assert judged(replace(call, message_class=MessageClass.EMERGENCY)) == ALLOW
