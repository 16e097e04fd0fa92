"""Dead letters are taken in again once their adapter is repaired, and each has its effect once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flows.hubs import BEN, Caller, Served, serve
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks
from trunkline.sdk import InboundEvent, WebhookRequest
from trunkline.testing import FakeClock

pytestmark = pytest.mark.both(slow=True)

OWN, ACCOUNT = "/webhooks/ann/sms", "/webhooks/connections/wire/sms"


@dataclass
class Repairable(WireWebhooks):
    """Reads nothing until it is repaired; keeps every request that it was asked to read."""

    broken: bool = True
    vouches: bool = True

    def __post_init__(self) -> None:
        self.read: list[WebhookRequest] = []

    def verify(self, request: WebhookRequest, config: object) -> None:
        assert self.vouches, "a stored request is not verified again"

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        self.read.append(request)
        if self.broken:
            raise ValueError("not yet")
        return super().parse(request)


@dataclass(frozen=True)
class Bench:
    """A hub with an agent, whose adapter is broken."""

    hub: Served
    ann: Caller
    adapter: Repairable
    clock: FakeClock

    async def tell(self, body: str, *, id_: str = "t1", to: str = ALICE, path: str = OWN) -> str:
        """Deliver a text and return the id of its newest event."""
        told = {"id": id_, "from": BOB, "to": to, "body": body}
        headers = {"x-wire": "yes", "x-other": "kept"}
        response = await self.hub.client.post(f"{path}?a=b", json=told, headers=headers)
        assert response.status_code == 204
        rows = self.hub.rows("SELECT id FROM inbound_events ORDER BY id DESC")
        return str(rows[0]["id"])

    async def replay(self, event_id: str | None = None) -> list[dict[str, str]]:
        """Replay a letter, or all of them."""
        replayed: list[dict[str, str]] = (await self.hub.local("events_replay", id=event_id))[
            "events"
        ]
        return replayed

    def suppressed(self) -> list[str]:
        """Return the numbers that are closed."""
        return [row["address"] for row in self.hub.rows("SELECT address FROM suppressions")]


@pytest.fixture
async def bench(tmp_path: Path, database: str) -> AsyncIterator[Bench]:
    adapter, clock = Repairable(), FakeClock()
    plugins = Network().plugins(adapter)
    async with serve(tmp_path, plugins=plugins, toml=WIRE, clock=clock, database=database) as hub:
        yield Bench(hub, await hub.agent("ann", ALICE), adapter, clock)


@pytest.mark.both
async def test_a_letter_reaches_its_agent_once_its_adapter_is_repaired(bench: Bench) -> None:
    event_id = await bench.tell("hello")
    unheard = await bench.ann.inbox()
    bench.adapter.broken, bench.adapter.vouches = False, False

    (replayed,) = await bench.replay(event_id)

    (message,) = await bench.ann.inbox()
    assert unheard == []
    assert (message["body"], message["from"]) == ("hello", BOB)
    assert replayed["state"] == "handled"
    assert replayed["messageId"] == message["id"]
    assert replayed["outcome"] == "Replayed: handled."


async def test_the_adapter_reads_the_request_as_it_came(bench: Bench) -> None:
    await bench.replay(await bench.tell("grüße", path=ACCOUNT))

    first, again = bench.adapter.read
    assert (again.method, again.url, again.body) == (first.method, first.url, first.body)
    assert again.headers == dict(first.headers)
    assert again.headers["x-other"] == "kept"
    assert again.query == [("a", "b")]
    assert again.received_at == first.received_at


async def test_a_letter_that_still_cannot_be_read_stays_dead_and_is_kept(bench: Bench) -> None:
    event_id = await bench.tell("hello")

    (replayed,) = await bench.replay(event_id)

    assert replayed["state"] == "dead"
    assert "still cannot read" in replayed["outcome"]
    assert bench.hub.count("body_vault") == 1


async def test_what_was_replayed_is_kept_no_longer(bench: Bench) -> None:
    event_id = await bench.tell("hello", to=BEN, path=ACCOUNT)
    bench.adapter.broken = False

    (replayed,) = await bench.replay(event_id)

    assert replayed["outcome"] == "Replayed: ignored."
    assert bench.hub.count("body_vault") == 0


@pytest.mark.both
async def test_a_letter_replayed_twice_at_once_has_one_effect(bench: Bench) -> None:
    event_id = await bench.tell("hello")
    bench.adapter.broken = False

    at_once = await asyncio.gather(*(bench.replay(event_id) for _ in range(5)))
    again = await bench.replay(event_id)

    (message,) = await bench.ann.inbox()
    replayed = [each for (each,) in (*at_once, again)]
    outcomes = sorted(each["outcome"] for each in replayed)
    assert outcomes == ["It was handled before; nothing was done again."] * 5 + [
        "Replayed: handled."
    ]
    assert {(each["state"], each["messageId"]) for each in replayed} == {("handled", message["id"])}


async def test_a_letter_that_its_provider_sent_again_meanwhile_has_no_second_effect(
    bench: Bench,
) -> None:
    event_id = await bench.tell("hello")
    bench.adapter.broken = False
    await bench.tell("hello")

    (replayed,) = await bench.replay(event_id)

    assert len(await bench.ann.inbox()) == 1
    assert (replayed["state"], replayed["outcome"]) == ("handled", "Replayed: nothing new.")


async def test_a_handled_and_an_ignored_event_are_left_as_they_are(bench: Bench) -> None:
    bench.adapter.broken = False
    handled = await bench.tell("hello")
    ignored = await bench.tell("hello", id_="t2", to=BEN, path=ACCOUNT)

    (first,), (second,) = await bench.replay(handled), await bench.replay(ignored)

    assert (first["state"], second["state"]) == ("handled", "ignored")
    assert "handled before" in first["outcome"]
    assert "kept nothing" in second["outcome"]
    assert len(await bench.ann.inbox()) == 1


async def test_after_the_hold_time_there_is_nothing_to_replay(bench: Bench) -> None:
    event_id = await bench.tell("hello")
    bench.adapter.broken = False
    bench.clock.travel(72 * 3600)

    (replayed,) = await bench.replay(event_id)

    assert replayed["state"] == "dead"
    assert "privacy.hold_hours" in replayed["outcome"]
    assert await bench.ann.inbox() == []


async def test_an_agents_route_stays_its_own_at_a_replay(bench: Bench) -> None:
    event_id = await bench.tell("hello", to=BEN)
    await bench.hub.agent("ben", BEN)
    bench.adapter.broken = False

    (replayed,) = await bench.replay(event_id)

    assert replayed["state"] == "dead"
    assert "not for" in replayed["outcome"]
    assert bench.hub.count("messages") == 0


async def test_all_letters_are_replayed_in_the_order_they_came(bench: Bench) -> None:
    for number in range(3):
        await bench.tell(f"hello {number}", id_=f"t{number}")
    bench.adapter.broken = False

    replayed = await bench.replay()

    inbox = [message["body"] for message in await bench.ann.inbox()]
    assert inbox == ["hello 2", "hello 1", "hello 0"]
    assert [each["state"] for each in replayed] == ["handled"] * 3
    assert await bench.replay() == []


async def test_a_stop_counts_when_it_is_replayed(bench: Bench) -> None:
    event_id = await bench.tell("STOP")
    before = bench.suppressed()
    bench.adapter.broken = False
    await bench.replay(event_id)

    assert (before, bench.suppressed()) == ([], [BOB])


async def test_a_start_opens_nothing_that_was_closed_after_it_came(bench: Bench) -> None:
    start = await bench.tell("START")
    bench.adapter.broken = False
    bench.clock.travel(60)
    await bench.tell("STOP", id_="t2")

    (replayed,) = await bench.replay(start)

    assert replayed["state"] == "handled"
    assert bench.suppressed() == [BOB]


async def test_a_start_opens_what_was_closed_before_it(bench: Bench) -> None:
    bench.adapter.broken = False
    await bench.tell("STOP", id_="t2")
    bench.adapter.broken = True
    bench.clock.travel(60)
    start = await bench.tell("START")
    bench.adapter.broken = False

    await bench.replay(start)

    assert bench.suppressed() == []


async def test_events_are_listed_with_their_ends(bench: Bench) -> None:
    dead = await bench.tell("hello")
    bench.adapter.broken = False
    handled = await bench.tell("hello", id_="t2")

    everything = (await bench.hub.local("events_list"))["events"]
    letters = (await bench.hub.local("events_list", state="dead", limit=1))["events"]

    assert [event["eventId"] for event in everything] == [handled, dead]
    assert [(event["eventId"], event["state"]) for event in letters] == [(dead, "dead")]
    assert "hello" not in str(everything)


async def test_an_event_that_is_not_there_is_not_found(bench: Bench) -> None:
    for wrong in ({"id": "evt_0"}, {"id": ""}):
        response = await bench.hub.operator.post("/api/v1/tools/events_replay", json=wrong)
        assert response.status_code in (404, 422)


async def test_what_came_in_is_what_ended(bench: Bench) -> None:
    await bench.tell("hello")
    await bench.tell("hello")
    bench.adapter.broken = False
    await bench.tell("hello", id_="t2")
    await bench.tell("hello", id_="t2")
    await bench.tell("hello", id_="t3", to=BEN, path=ACCOUNT)

    told = (await (await bench.hub.admin()).get("/metrics")).text

    ends = {"received": 5, "dead": 1, "duplicate": 2, "handled": 1, "ignored": 1}
    for state, count in ends.items():
        assert f'comms_inbound_events_total{{state="{state}"}} {count}.0\n' in told
