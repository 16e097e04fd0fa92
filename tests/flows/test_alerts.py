"""Alerts: what is told, to whom, how often, and what is not."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import DEMO, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network
from tests.flows.sinks import Listening, with_sinks
from trunkline.core.alerts.models import AlertKind
from trunkline.loading import load_plugins
from trunkline.sdk import Alert, OutboundSms, Receipt, RetryLater, Severity

__all__ = ["clock"]

TO_ALL = """
[alerts]
sinks = ["loud", "calm"]
[sinks.calm]
min_severity = "HIGH"
"""
TO_ONE = '[alerts]\nsinks = ["loud"]\n'
MINUTE = 60


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.core.alerts.alarms.GATHER_S", 0.01)


def note(hub: Served, kind: AlertKind, subject: str = "") -> None:
    """Let something be noticed."""
    hub.running.hub.alarms.note(kind, subject)


async def told(hub: Served, sink: Listening, count: int) -> list[Alert]:
    """Return what a sink was told, once it is so much."""

    async def read() -> list[Alert]:
        return sink.told

    found: list[Alert] = await hub.until(read, lambda alerts: len(alerts) >= count)
    return found


async def rows(hub: Served) -> list[Mapping[str, Any]]:
    """Return the alerts, as an operator lists them."""
    found: list[Mapping[str, Any]] = (await hub.local("alerts_list", limit=200))["alerts"]
    return found


@pytest.mark.both(slow=True)
async def test_what_is_critical_is_told_every_quarter_of_an_hour_until_it_is_acknowledged(
    start_hub: StartHub, clock: Ahead
) -> None:
    loud = Listening()
    plugins = with_sinks(load_plugins(), {"loud": loud})
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ONE) as hub:
        note(hub, AlertKind.AGENT_SUSPENDED, "ann")
        await told(hub, loud, 1)
        clock.travel(14 * MINUTE)
        await keep_still()
        early = len(loud.told)
        clock.travel(MINUTE)
        await told(hub, loud, 2)
        clock.travel(15 * MINUTE)
        first, second, third = await told(hub, loud, 3)
        acknowledged = await hub.local("alerts_ack", id=first.id)
        clock.travel(60 * MINUTE)
        await keep_still()
        again = await hub.local("alerts_ack", id="all")
        recorded = hub.rows("SELECT target FROM audit_log WHERE event_type = 'alert.acknowledged'")

    assert recorded == [{"target": first.id}]
    assert early == 1
    assert [each.telling for each in (first, second, third)] == [1, 2, 3]
    assert {each.id for each in loud.told} == {first.id}
    assert len(loud.told) == 3
    assert [each["acknowledgedBy"] for each in acknowledged["alerts"]] == ["operator"]
    assert again["alerts"] == []


@pytest.mark.both(slow=True)
async def test_a_storm_of_ten_thousand_events_is_few_rows_and_few_deliveries(
    start_hub: StartHub, clock: Ahead
) -> None:
    loud = Listening()
    plugins = with_sinks(load_plugins(), {"loud": loud})
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ONE) as hub:
        for number in range(10_000):
            note(hub, AlertKind.CAP_BREACHED, "ann")
            note(hub, AlertKind.AGENT_SUSPENDED, f"agent-{number}")
            if number % 100 == 0:
                await asyncio.sleep(0)
        await told(hub, loud, 1)

        async def counted() -> int:
            return int(hub.rows("SELECT sum(times) AS n FROM alerts")[0]["n"])

        await hub.until(counted, lambda count: count == 20_000)
        await keep_still()
        found = hub.rows("SELECT kind, subject, times FROM alerts")

    assert len(found) <= 102
    caps = [each for each in found if each["kind"] == "spend.cap_breached"]
    assert [each["times"] for each in caps] == [10_000]
    assert len(loud.told) <= 20
    assert all(len(each.text) < 20_000 for each in loud.told)


async def test_the_same_event_within_five_minutes_is_told_once_and_after_that_again(
    start_hub: StartHub, clock: Ahead
) -> None:
    loud = Listening()
    plugins = with_sinks(load_plugins(), {"loud": loud})
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ONE) as hub:
        for _ in range(3):
            note(hub, AlertKind.CAP_BREACHED, "ann")
            await told(hub, loud, 1)
            await keep_still()
        few = len(loud.told)
        note(hub, AlertKind.CAP_BREACHED, "ben")
        await told(hub, loud, 2)
        clock.travel(5 * MINUTE)
        note(hub, AlertKind.CAP_BREACHED, "ann")
        last = (await told(hub, loud, 3))[-1]
        await hub.local("alerts_ack", id=last.id)
        note(hub, AlertKind.CAP_BREACHED, "ann")
        await keep_still()
        still = len(loud.told)
        clock.travel(5 * MINUTE)
        note(hub, AlertKind.CAP_BREACHED, "ann")
        anew = (await told(hub, loud, 4))[-1]

    assert (few, still) == (1, 3)
    assert (last.subject, last.count, last.telling) == ("ann", 4, 2)
    assert (anew.subject, anew.count, anew.telling) == ("ann", 1, 1)
    assert anew.id != last.id


@pytest.mark.both(slow=True)
async def test_what_is_less_bad_waits_for_the_half_hour_or_the_day_and_comes_as_one(
    start_hub: StartHub, clock: Ahead
) -> None:
    loud, calm = Listening(), Listening()
    plugins = with_sinks(load_plugins(), {"loud": loud, "calm": calm})
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ALL) as hub:
        for agent in ("ann", "ben"):
            note(hub, AlertKind.PROVISIONING_FAILED, agent)
            note(hub, AlertKind.DEPROVISIONED, agent)
        await hub.until(lambda: rows(hub), lambda found: len(found) == 4)
        await keep_still()
        early = list(loud.told)
        clock.travel(30 * MINUTE)
        await told(hub, loud, 1)
        clock.travel(24 * 60 * MINUTE)
        await told(hub, loud, 2)

    halfhourly, daily = loud.told
    assert early == []
    assert [each.kind for each in halfhourly.parts[:2]] == ["provisioning.failed"] * 2
    assert {each.subject for each in daily.parts} == {"ann", "ben"}
    assert halfhourly.kind == daily.kind == "digest"
    assert calm.told == []


async def test_in_quiet_hours_only_what_is_critical_is_told_and_the_rest_after_them(
    start_hub: StartHub, clock: Ahead
) -> None:
    now = clock.now()
    clock.travel((22 - now.hour) % 24 * 60 * MINUTE)  # some time after ten in the evening
    loud = Listening()
    toml = DEMO + TO_ONE + 'quiet_hours = "22:00-07:00"\n'
    plugins = with_sinks(load_plugins(), {"loud": loud})
    async with start_hub(clock=clock, plugins=plugins, toml=toml) as hub:
        note(hub, AlertKind.CAP_BREACHED, "ann")
        note(hub, AlertKind.PROVISIONING_FAILED, "ann")
        note(hub, AlertKind.AGENT_SUSPENDED, "ann")
        await told(hub, loud, 1)
        clock.travel(60 * MINUTE)
        await told(hub, loud, 2)
        await keep_still()
        at_night = set(loud.kinds)
        await hub.local("alerts_ack", id=loud.told[0].id)
        clock.travel(9 * 60 * MINUTE)
        await told(hub, loud, 4)

    assert at_night == {"agent.suspended"}
    assert loud.kinds[-2:] == ["spend.cap_breached", "provisioning.failed"]


async def hang(_: Alert) -> None:
    """Never take it."""
    await asyncio.Event().wait()


def fail(_: Alert) -> None:
    """Break, with something of the alert in the error."""
    raise ValueError("the secret text")


def end(_: Alert) -> None:
    """Try to end the process."""
    raise SystemExit


@pytest.mark.parametrize(
    ("does", "reason"),
    [(fail, "raised ValueError"), (end, "SystemExit"), (hang, "took longer than 0.1 s")],
)
async def test_a_sink_that_fails_hinders_no_other_and_is_an_alert_that_is_told_once(
    start_hub: StartHub, clock: Ahead, monkeypatch: pytest.MonkeyPatch, does: Any, reason: str
) -> None:
    monkeypatch.setattr("trunkline.core.alerts.sinks.TIMEOUT_S", 0.1)
    loud, calm = Listening(), Listening(does)
    plugins = with_sinks(load_plugins(), {"loud": loud, "calm": calm})
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ALL) as hub:
        note(hub, AlertKind.CAP_BREACHED, "ann")
        await told(hub, loud, 2)
        await keep_still()
        tried = await hub.local("alerts_test", severity="CRITICAL")
        clock.travel(MINUTE)
        await keep_still()
        few = list(loud.kinds)
        calm.does = lambda _: None
        await keep_still()
        note(hub, AlertKind.CAP_BREACHED, "ben")
        await hub.until(lambda: rows(hub), lambda found: found[1]["status"] == "over")

    by_sink = {each["sink"]: each for each in tried["sinks"]}
    assert few == ["spend.cap_breached", "alert_sink.failed", "test"]
    assert loud.told[1].subject == "calm"
    assert by_sink["loud"]["taken"]
    assert not by_sink["calm"]["taken"]
    assert reason in by_sink["calm"]["reason"]
    assert "secret" not in str(tried)


async def test_what_no_sink_took_is_told_again_until_one_takes_it(
    start_hub: StartHub, clock: Ahead
) -> None:
    loud = Listening(fail)
    plugins = with_sinks(load_plugins(), {"loud": loud})
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ONE) as hub:
        note(hub, AlertKind.CAP_BREACHED, "ann")
        await hub.until(lambda: rows(hub), lambda found: len(found) == 2)
        await keep_still()
        loud.does = lambda _: None
        clock.travel(2 * MINUTE)
        await told(hub, loud, 1)
        clock.travel(60 * MINUTE)
        await keep_still()

    assert loud.kinds == ["spend.cap_breached"]


async def test_a_provider_that_is_down_is_told_and_so_is_that_it_is_back(
    start_hub: StartHub, clock: Ahead
) -> None:
    async def away(_: OutboundSms) -> Receipt:
        raise RetryLater("It is away.", retry_after_s=0.01, unavailable=True)

    network, loud = Network(away), Listening()
    plugins = with_sinks(network.plugins(), {"loud": loud})
    async with start_hub(clock=clock, plugins=plugins, toml=WIRE + TO_ONE) as hub:
        ann = await hub.agent("ann", ALICE)
        for number in range(5):
            await ann.send(BOB, f"hello {number}")
        down = (await told(hub, loud, 1))[0]
        network.answer = Network().answer
        clock.travel(10 * MINUTE)
        back = (await told(hub, loud, 2))[1]
        found = await rows(hub)

    assert (down.kind, down.subject, down.severity) == ("provider.down", "wire", "CRITICAL")
    assert (back.id, back.over) == (down.id, True)
    assert "OVER" in back.text
    assert [each["status"] for each in found if each["kind"] == "provider.down"] == ["over"]


@pytest.mark.both(slow=True)
async def test_what_is_noticed_is_told_by_the_next_hub_if_the_first_has_ended(
    start_hub: StartHub, clock: Ahead
) -> None:
    loud = Listening(fail)
    plugins = with_sinks(load_plugins(), {"loud": loud})
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ONE) as hub:
        note(hub, AlertKind.AGENT_SUSPENDED, "ann")
    loud.does = lambda _: None
    clock.travel(2 * MINUTE)
    async with start_hub(clock=clock, plugins=plugins, toml=DEMO + TO_ONE) as hub:
        await told(hub, loud, 1)

    assert loud.kinds == ["agent.suspended"]


def test_worse_reaches_less_bad_and_not_the_other_way() -> None:
    assert Severity.CRITICAL.reaches(Severity.LOW)
    assert Severity.HIGH.reaches(Severity.HIGH)
    assert not Severity.MEDIUM.reaches(Severity.HIGH)


async def test_an_alert_is_forgotten_once_it_has_not_happened_for_as_long_as_details_are_kept(
    start_hub: StartHub, clock: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.background.HOUSEKEEPING_S", 0.05)
    async with start_hub(clock=clock) as hub:
        note(hub, AlertKind.CAP_BREACHED, "ann")
        await hub.until(lambda: rows(hub), lambda found: bool(found) and found[0]["told"] == 1)
        clock.travel(89 * 24 * 60 * MINUTE)
        await keep_still()
        kept = await rows(hub)
        clock.travel(2 * 24 * 60 * MINUTE)
        await hub.until(lambda: rows(hub), lambda found: found == [])

    assert len(kept) == 1
