"""Waiting for a reply: none is missed, none is waited for that is there, and no wait outlives."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served
from tests.flows.networks import Vendor
from tests.flows.results import bare, facts_of, text_of
from tests.flows.test_mcp import ERAS
from tests.processes import command, free_port, hub_process
from trunkline.core.inbox import wait as replies

pytestmark = pytest.mark.both(slow=True)

OTHER = "+12025550151"


async def wait(
    caller: Caller, sender: str | None = None, *, timeout_s: int = 10, **more: Any
) -> dict[str, Any]:
    """Wait for a reply, of one sender if given."""
    arguments = {"from": sender, "timeoutSeconds": timeout_s, **more}
    return await caller.call("comms_wait_for_reply", **arguments)


def waits(hub: Served) -> int:
    """Return how many callers wait for a reply at the moment."""
    return len(hub.running.hub.replies._limits)


async def until_waiting(hub: Served, callers: int = 1) -> None:
    """Return once so many callers wait."""

    async def count() -> int:
        return waits(hub)

    await hub.until(count, lambda count: count == callers)
    await asyncio.sleep(0.05)  # it listens by now


async def test_a_reply_ends_the_wait_as_soon_as_it_comes(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "are you there?")
    waiting = asyncio.create_task(wait(ann, HANDSET))
    await until_waiting(served)
    await Vendor(served).text(HANDSET, ANN, "yes")
    came = time.monotonic()
    reply = await waiting

    assert time.monotonic() - came < 1
    assert (reply["body"], reply["from"], reply["untrusted"]) == ("yes", HANDSET, True)
    assert reply == (await ann.inbox(unread=True))[0]


async def test_a_reply_that_came_before_the_question_counts(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "are you there?")
    await Vendor(served).text(HANDSET, ANN, "yes")

    assert (await wait(ann, HANDSET))["body"] == "yes"
    assert (await wait(ann))["body"] == "yes"


async def test_what_came_before_the_agent_wrote_is_no_reply(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "hello", "t1")
    await ann.send(HANDSET, "are you there?")

    assert (await wait(ann, HANDSET, timeout_s=1))["waiting"] is True


async def test_a_message_that_has_not_gone_out_does_not_hide_a_reply(
    served: Served, ann: Caller
) -> None:
    await ann.send(HANDSET, "are you there?")
    await Vendor(served).text(HANDSET, ANN, "yes")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await ann.send(HANDSET, "and tomorrow?", sendAt=tomorrow)

    assert (await wait(ann, HANDSET))["body"] == "yes"


async def test_what_was_written_to_somebody_else_does_not_hide_a_reply(
    served: Served, ann: Caller
) -> None:
    await ann.send(HANDSET, "are you there?")
    await Vendor(served).text(HANDSET, ANN, "yes")
    await ann.send(OTHER, "and you?")

    assert (await wait(ann, HANDSET))["body"] == "yes"
    assert (await wait(ann, timeout_s=1))["waiting"] is True


async def test_replies_come_one_after_the_other_by_the_id_of_the_one_before(
    served: Served, ann: Caller
) -> None:
    await ann.send(HANDSET, "count!")
    for number in ("one", "two", "three"):
        await Vendor(served).text(HANDSET, ANN, number, number)

    heard: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        reply = await wait(ann, HANDSET, **cursor)
        heard.append(reply["body"])
        cursor = {"cursor": reply["id"]}
    assert heard == ["one", "two", "three"]
    assert (await wait(ann, HANDSET, timeout_s=1, **cursor))["waiting"] is True


async def test_a_reply_between_two_calls_is_not_missed(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "are you there?")
    first = await wait(ann, HANDSET, timeout_s=1)
    await Vendor(served).text(HANDSET, ANN, "yes")
    await ann.send(OTHER, "meanwhile, to somebody else")
    second = await wait(ann, cursor=first["cursor"])

    assert first.keys() == {"waiting", "cursor"}
    assert second["body"] == "yes"


async def test_only_the_one_who_is_waited_for_ends_the_wait(
    served: Served, ann: Caller, ben: Caller
) -> None:
    await ann.send(HANDSET, "are you there?")
    waiting = asyncio.create_task(wait(ann, HANDSET))
    await until_waiting(served)
    await Vendor(served).text(OTHER, ANN, "not I", "t1")
    await Vendor(served).text(HANDSET, BEN, "not to her", "t2")
    await Vendor(served).text(HANDSET, ANN, "yes", "t3")

    assert (await waiting)["body"] == "yes"


async def test_an_agent_is_waited_for_by_its_name(ann: Caller, ben: Caller) -> None:
    await ann.send("ben", "are you there?")
    waiting = asyncio.create_task(wait(ann, "ben"))
    await ben.send("ann", "yes")

    assert (await waiting)["body"] == "yes"


async def test_what_the_agent_is_done_with_is_not_waited_for_again(
    served: Served, ann: Caller
) -> None:
    await ann.send(HANDSET, "are you there?")
    await Vendor(served).text(HANDSET, ANN, "yes")
    reply = await wait(ann)
    before = await wait(ann, timeout_s=1, cursor=f"msg_{0:032x}")
    await ann.send(HANDSET, "good", replyTo=reply["id"])

    assert before["body"] == "yes"
    assert (await wait(ann, timeout_s=1, cursor=f"msg_{0:032x}"))["waiting"] is True


@pytest.mark.parametrize(
    "given",
    [
        {"timeoutSeconds": 51},
        {"timeoutSeconds": 0},
        {"from": "nobody"},
        {"channel": "pigeon"},
        {"cursor": "yesterday"},
    ],
)
async def test_a_wait_that_makes_no_sense_is_refused(ann: Caller, given: Any) -> None:
    assert refused(await ann.post("comms_wait_for_reply", given), 422, "invalid")


async def test_a_hub_that_ends_lets_those_who_wait_go_at_once(served: Served, ann: Caller) -> None:
    waiting = asyncio.create_task(wait(ann, timeout_s=50))
    await until_waiting(served)
    served.running.hub.replies.end()

    assert (await asyncio.wait_for(waiting, 2))["waiting"] is True
    assert (await asyncio.wait_for(wait(ann, timeout_s=50), 2))["waiting"] is True


async def test_a_client_that_goes_away_waits_no_longer(served: Served, ann: Caller) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        await served.client.post(
            "/api/v1/tools/comms_wait_for_reply",
            json={"timeoutSeconds": 50},
            headers={"Authorization": f"Bearer {ann.token}"},
            timeout=0.5,
        )

    await until_waiting(served, 0)


@pytest.mark.slow
async def test_a_hub_that_is_stopped_answers_those_who_wait(tmp_path: Path) -> None:
    data_dir, path = tmp_path / "data", "/api/v1/tools/comms_wait_for_reply"
    command("agents", "create", "ann", data_dir=data_dir)
    token = command("tokens", "issue", "ann", data_dir=data_dir).strip()
    async with (
        hub_process("serve", data_dir=data_dir, port=free_port()) as hub,
        httpx2.AsyncClient(
            base_url=hub.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=60
        ) as http,
    ):
        waiting = asyncio.create_task(http.post(path, json={"timeoutSeconds": 50}))
        await asyncio.sleep(1)  # it waits by now
        code = await asyncio.to_thread(hub.stop)

    assert (await waiting).json()["waiting"] is True
    assert code == 0


async def test_an_agent_waits_only_so_often_at_once(
    served: Served, ann: Caller, ben: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "MOST_AT_ONCE", 2)
    waiting = [asyncio.create_task(wait(ann)) for _ in range(2)]
    await until_waiting(served, 2)
    assert refused(await ann.post("comms_wait_for_reply", {}), 503, "overloaded")
    bens = asyncio.create_task(wait(ben, timeout_s=1))
    await Vendor(served).text(HANDSET, ANN, "yes")

    assert [reply["body"] for reply in await asyncio.gather(*waiting)] == ["yes", "yes"]
    assert (await bens)["waiting"] is True
    assert not served.running.hub.replies._waiting


# --- by MCP ---------------------------------------------------------------------------------------


@ERAS
async def test_an_mcp_client_waits_and_is_answered(served: Served, ann: Caller, mode: str) -> None:
    await ann.send(HANDSET, "are you there?")
    async with ann.mcp(mode) as client:
        (schema,) = [
            tool.output_schema
            for tool in (await client.list_tools()).tools
            if tool.name == "comms_wait_for_reply"
        ]
        nobody = await client.call_tool("comms_wait_for_reply", {"timeoutSeconds": 1})
        waiting = asyncio.create_task(client.call_tool("comms_wait_for_reply", {"from": HANDSET}))
        await until_waiting(served)
        await Vendor(served).text(HANDSET, ANN, "yes")
        reply = await waiting

    assert facts_of(nobody)["waiting"] is True
    assert bare(facts_of(reply)["body"]) == "yes"
    assert "not instructions" in text_of(reply)
    for result in (nobody, reply):
        jsonschema.validate(facts_of(result), schema)


@ERAS
async def test_an_mcp_client_that_goes_away_waits_no_longer(
    served: Served, ann: Caller, mode: str
) -> None:
    async with ann.mcp(mode) as client:
        waiting = asyncio.create_task(
            client.call_tool("comms_wait_for_reply", {"timeoutSeconds": 50})
        )
        await until_waiting(served)
        waiting.cancel()
    await until_waiting(served, 0)


@pytest.mark.parametrize(("mode", "accept"), [("auto", "*/*"), ("legacy", "application/json")])
async def test_a_client_that_takes_only_json_and_goes_away_waits_no_longer(
    served: Served, ann: Caller, mode: str, accept: str
) -> None:
    era: dict[str, Any] = {"headers": {"MCP-Protocol-Version": "2025-11-25"}}
    if mode == "auto":
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        named = {"Mcp-Method": "tools/call", "Mcp-Name": "comms_wait_for_reply"}
        era = {
            "params": {"_meta": meta},
            "headers": {"MCP-Protocol-Version": "2026-07-28", **named},
        }
    waiting = asyncio.create_task(_post(ann, "comms_wait_for_reply", accept, era))
    await until_waiting(served)
    waiting.cancel()
    await until_waiting(served, 0)
    waiting = asyncio.create_task(_post(ann, "comms_wait_for_reply", accept, era))
    await until_waiting(served)
    await Vendor(served).text(HANDSET, ANN, "yes")

    assert bare((await waiting).json()["result"]["structuredContent"]["body"]) == "yes"


# --- progress -------------------------------------------------------------------------------------

MESSAGES = [{"channel": "sms", "to": HANDSET, "body": f"text {number}"} for number in range(60)]


@ERAS
async def test_a_batch_tells_an_mcp_client_that_asks_how_far_it_is(ann: Caller, mode: str) -> None:
    heard: list[tuple[float, float | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total))

    async with ann.mcp(mode) as client:
        asked = await client.call_tool(
            "comms_send_batch", {"messages": MESSAGES}, progress_callback=hear
        )
        unasked = await client.call_tool("comms_send_batch", {"messages": MESSAGES})

    assert heard == [(25, 60), (50, 60), (60, 60)]
    assert len(facts_of(asked)["results"]) == len(facts_of(unasked)["results"]) == 60


async def _post(ann: Caller, name: str, accept: str, era: dict[str, Any]) -> httpx2.Response:
    arguments = {"messages": MESSAGES[:1]} if name == "comms_send_batch" else {}
    call = {"name": name, "arguments": arguments, **era.get("params", {})}
    return await ann.client.post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
        headers={"Authorization": f"Bearer {ann.token}", "Accept": accept, **era["headers"]},
    )


async def test_a_client_of_the_older_era_that_takes_only_json_gets_it(ann: Caller) -> None:
    era = {"headers": {"MCP-Protocol-Version": "2025-11-25"}}
    both = await _post(ann, "comms_send_batch", "application/json, text/event-stream", era)
    plain = await _post(ann, "comms_send_batch", "application/json", era)
    short = await _post(ann, "comms_get_channel_status", "application/json, text/event-stream", era)

    kinds = [each.headers["content-type"].partition(";")[0] for each in (both, plain, short)]
    assert kinds == ["text/event-stream", "application/json", "application/json"]
