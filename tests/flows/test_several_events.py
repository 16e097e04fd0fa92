"""One request that brings several events: one that cannot be used spoils none of the others."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.flows.hubs import Caller, Served, serve
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks
from trunkline.sdk import InboundEvent, Received, Unreadable, WebhookRequest

OWN, ACCOUNT = "/webhooks/ann/sms", "/webhooks/connections/wire/sms"
BEA = "+14155552672"
BAD = 5


@dataclass
class Batches(WireWebhooks):
    """Reads a list of texts, the sixth of which goes wrong in a way, until it is repaired."""

    way: str = ""

    def parse(self, request: WebhookRequest) -> Iterator[InboundEvent]:  # type: ignore[override]
        for index, item in enumerate(json.loads(request.body)):
            yield self._bad(item) if self.way and index == BAD else self._good(item)

    def _bad(self, item: dict[str, str]) -> Any:
        match self.way:
            case "declared":
                return Unreadable(external_id=item["id"], reason="Its stamp is missing.")
            case "raises":
                raise ValueError(item["body"])
            case "no event":
                return item
            case "no text":
                return self._good(item, body=None)
            case _:
                return self._good(item, provider_id="\ud800")  # which no database takes

    def _good(self, item: dict[str, str], **wrong: Any) -> Received:
        right = {"external_id": item["id"], "provider_id": item["id"], "body": item["body"]}
        return Received(**{**right, "sender": BOB, "recipient": item["to"], **wrong})


@dataclass(frozen=True)
class Bench:
    hub: Served
    ann: Caller
    adapter: Batches

    async def tell(self, path: str, *, bad: str = "5", bad_to: str = ALICE) -> int:
        """Deliver ten texts in one request and return what was answered."""
        texts = [{"id": f"t{each}", "to": ALICE, "body": str(each)} for each in range(10)]
        texts[BAD] |= {"body": bad, "to": bad_to}
        answer = await self.hub.client.post(path, json=texts, headers={"x-wire": "yes"})
        return answer.status_code

    def ends(self) -> dict[str, int]:
        """Return how many events ended in each way."""
        rows = self.hub.rows("SELECT state FROM inbound_events")
        states = [row["state"] for row in rows]
        return {state: states.count(state) for state in states}

    async def bodies(self) -> set[str]:
        """Return what the agent has got."""
        return {each["body"] for each in await self.ann.inbox()}


@pytest.fixture
async def bench(tmp_path: Path, database: str) -> AsyncIterator[Bench]:
    adapter = Batches()
    plugins = Network().plugins(adapter)
    async with serve(tmp_path, plugins=plugins, toml=WIRE, database=database) as hub:
        yield Bench(hub, await hub.agent("ann", ALICE), adapter)


@pytest.mark.parametrize("path", [OWN, ACCOUNT])
@pytest.mark.parametrize("way", ["declared", "no event", "no text", "not storable"])
async def test_case_d8_of_ten_events_the_nine_good_ones_count_and_the_bad_one_is_a_dead_letter(
    bench: Bench, way: str, path: str
) -> None:
    bench.adapter.way = way

    first, again = await bench.tell(path), await bench.tell(path)
    ends, bodies = bench.ends(), await bench.bodies()
    bench.adapter.way = ""
    replayed = (await bench.hub.local("events_replay"))["events"]

    assert (first, again) == (204, 204)
    assert ends == {"handled": 9, "dead": 1}
    assert len(bodies) == 9
    assert [each["outcome"] for each in replayed] == ["Replayed: handled."]
    assert len(await bench.bodies()) == 10
    assert bench.ends() == {"handled": 11}
    assert bench.hub.count("body_vault") == 10  # the texts; the letter is gone


async def test_case_d8_what_was_read_before_a_parser_broke_counts_and_the_rest_is_kept(
    bench: Bench,
) -> None:
    bench.adapter.way = "raises"
    await bench.tell(OWN)
    ends = bench.ends()
    bench.adapter.way = ""
    (replayed,) = (await bench.hub.local("events_replay"))["events"]

    assert ends == {"handled": 5, "dead": 1}
    assert replayed["outcome"] == f"Replayed: {', '.join(['handled'] * 5)}."
    assert len(await bench.bodies()) == 10


async def test_case_d8_a_stop_in_a_bad_event_counts_all_the_same(bench: Bench) -> None:
    bench.adapter.way = "not storable"
    await bench.tell(OWN, bad="STOP")

    assert bench.ends() == {"handled": 9, "dead": 1}
    assert [row["address"] for row in bench.hub.rows("SELECT address FROM suppressions")] == [BOB]


async def test_case_d8_an_event_for_another_agent_spoils_none_of_the_others(bench: Bench) -> None:
    bea = await bench.hub.agent("bea", BEA)
    status = await bench.tell(OWN, bad_to=BEA)
    (replayed,) = (await bench.hub.local("events_replay"))["events"]

    assert status == 204
    assert bench.ends() == {"handled": 9, "dead": 1}
    assert await bea.inbox() == []
    assert replayed["outcome"] == "It is for another number than the agent's."


async def test_a_letter_whose_event_still_cannot_be_used_stays_dead_though_the_others_count(
    bench: Bench,
) -> None:
    bench.adapter.way = "raises"
    await bench.tell(OWN)
    bench.adapter.way = "not storable"
    (replayed,) = (await bench.hub.local("events_replay"))["events"]

    assert replayed["state"] == "dead"
    assert replayed["outcome"] == "The hub still cannot apply it; the log says why."
    assert len(await bench.bodies()) == 9
    assert bench.ends() == {"handled": 9, "dead": 1}
