"""A contact is erased: nothing of it is left, its STOP still holds, and a receipt tells so."""

import asyncio
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import ANN, DEMO, HANDSET, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Turnstile, Vendor
from tests.flows.test_privacy import checkpoint, raw_bytes
from tests.flows.test_uploads import upload
from tests.processes import command
from trunkline.core.retention.forgotten import Forgotten
from trunkline.core.retention.traces import OWNERS
from trunkline.db.schema import metadata

__all__ = ["clock"]

OTHER = "+12025550151"
SAYS, HEARS = "Guacamole-OUT-51c8", "Quesadilla-IN-0d77"
PATIENT = DEMO.replace("delivery_delay_ms = 20", "delivery_delay_ms = 600000")
PAGE = Path("docs/operate/privacy.md")


def dumped(hub: Served) -> str:
    """Return every value of every table that is no hash and no ciphertext."""
    rows = [
        f"{table}: {row}" for table in metadata.tables for row in hub.rows(f"SELECT * FROM {table}")
    ]
    return "\n".join(rows)


def held_in(hub: Served, *wanted: str) -> list[str]:
    """Return what of `wanted` stands in a table, or in the file of the database."""
    text = dumped(hub)
    checkpoint(hub)
    on_disk = b"" if hub.database.startswith("postgresql:") else raw_bytes(hub)
    return [each for each in wanted if each in text or each.encode() in on_disk]


async def erase(hub: Served, address: str = HANDSET) -> dict[str, Any]:
    return await hub.local("privacy_erase", address=address)


async def correspond(hub: Served) -> Any:
    """Let an agent and a handset write to one another, with a file and a STOP; return the agent."""
    ann = await hub.agent("ann", ANN)
    await hub.local("privacy_keep", id="ann", channel="sms", days=30)
    await ann.send(HANDSET, SAYS)
    medium = (await upload(ann, b"%PDF-1.7 x")).json()["id"]
    await ann.send(HANDSET, SAYS, mediaUrl=medium)
    await ann.send(OTHER, "to somebody else")
    await Vendor(hub).text(HANDSET, ANN, HEARS, media_urls=("https://nachos.example/IN-77",))
    await Vendor(hub).text(HANDSET, ANN, "STOP", "t2")
    return ann


def test_the_page_says_what_becomes_of_each_table() -> None:
    page = PAGE.read_text("utf-8")

    assert [name for name in metadata.tables if f"`{name}`" not in page] == []
    assert set(metadata.tables) >= OWNERS


@pytest.mark.both(slow=True)
async def test_nothing_of_a_contact_is_left_and_its_stop_still_holds(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await correspond(hub)
        bare = HANDSET.removeprefix("+")
        assert set(held_in(hub, bare, OTHER)) == {bare, OTHER}
        receipt = await erase(hub)

        assert receipt["finishedAt"]
        assert receipt["waiting"] == 0
        assert receipt["counts"]["messages"] >= 4
        assert receipt["counts"]["contact_keys"] == receipt["counts"]["media"] == 1
        assert receipt["counts"]["suppressions"] == 1
        assert receipt["vendors"]["demo"]["deleted"] >= 2
        assert held_in(hub, bare, SAYS, HEARS, OTHER) == [OTHER]
        assert await Vendor(hub).handset(HANDSET) == []
        messages = await ann.inbox()
        assert {each["body"] for each in messages} == {None, "to somebody else"}
        assert not any(bare in json.dumps(each) for each in messages)
        refused = (await ann.try_send(HANDSET, "more")).json()
        assert refused["code"] == "blocked", refused

        await Vendor(hub).text(HANDSET, ANN, "START", "t3")
        await Vendor(hub).text(HANDSET, ANN, "I am back", "t4")
        assert (await ann.inbox(unread=True))[0]["body"] == "I am back"
        await ann.send(HANDSET, "welcome")
        found = (await hub.local("privacy_receipts", address=HANDSET))["receipts"]
        assert [each["receiptId"] for each in found] == [receipt["receiptId"]]
        assert (await hub.local("privacy_receipts", address=OTHER))["receipts"] == []


async def test_the_files_of_a_contact_are_deleted_where_they_lie(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("privacy_keep", id="ann", channel="voice", days=30)
        await ann.call(
            "comms_send_voice_message", to=HANDSET, text="hello", deliveryChannel="phone_call"
        )
        before = [path for path in hub.data_dir.rglob("objects/**/*") if path.is_file()]
        for call in hub.rows("SELECT id FROM calls"):
            await hub.change("UPDATE calls SET status = 'completed' WHERE id = :id", id=call["id"])
        receipt = await erase(hub)
        after = [path for path in hub.data_dir.rglob("objects/**/*") if path.is_file()]

        assert receipt["counts"]["media"] == len(before) == 1
        assert (after, hub.count("speeches")) == ([], 0)
        assert held_in(hub, HANDSET.removeprefix("+")) == []


async def test_an_export_holds_what_an_erasure_takes(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await correspond(hub)
        held = await hub.local("privacy_export", address=HANDSET)
        bodies = {each.get("body") for each in held["tables"]["messages"]}

        assert {SAYS, HEARS} <= bodies
        assert held["addresses"] == [HANDSET]
        assert {"messages", "message_history", "suppressions", "media"} <= held["tables"].keys()
        assert OTHER not in json.dumps(held)
        await erase(hub)
        assert await hub.local("privacy_export", address=HANDSET) == {
            "addresses": [HANDSET],
            "tables": {},
        }


async def test_what_waits_is_canceled_and_what_is_being_sent_is_waited_for(
    start_hub: StartHub,
) -> None:
    turnstile = Turnstile()
    async with start_hub(plugins=turnstile.network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.send(BOB, SAYS))
        await turnstile.asked.wait()
        erasing = asyncio.create_task(erase(hub, BOB))
        await asyncio.sleep(1.0)  # in which it could have ended
        assert not erasing.done()
        turnstile.let.set()
        sent = await sending
        receipt = await erasing

        assert receipt["erasedAt"]
        assert receipt["vendors"] == {"wire": {"cannot": 1}}
        assert (await ann.status(sent["messageId"]))["status"] == "sent"
        assert held_in(hub, BOB.removeprefix("+"), SAYS) == []


async def test_a_scheduled_message_is_canceled(start_hub: StartHub, clock: Ahead) -> None:
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        at = clock.now() + timedelta(hours=1)
        sent = await ann.send(HANDSET, SAYS, sendAt=at.isoformat())
        receipt = await erase(hub)

        assert receipt["counts"]["canceled"] == 1
        assert (await ann.status(sent["messageId"]))["status"] == "canceled"
        assert held_in(hub, HANDSET.removeprefix("+"), SAYS) == []


async def test_an_erasure_that_breaks_off_goes_on_by_itself(
    start_hub: StartHub, clock: Ahead
) -> None:
    cleared: list[str] = []
    content = Forgotten.content

    def once(self: Forgotten, *given: Any) -> list[str]:
        cleared.append("row")
        if len(cleared) == 3:
            raise RuntimeError("the power went")
        return content(self, *given)

    with patch("trunkline.core.retention.erasing.ROWS", 1):
        async with start_hub(clock=clock) as hub:
            await correspond(hub)
            with patch.object(Forgotten, "content", once):
                response = await hub.operator.post(
                    "/api/v1/tools/privacy_erase", json={"address": HANDSET}
                )
            assert response.status_code == 500
            assert held_in(hub, HANDSET.removeprefix("+")) != []
        clock.travel(61)
        async with start_hub(clock=clock) as hub:
            await hub.until(_receipts(hub), lambda found: bool(found[0].get("finishedAt")))
            assert held_in(hub, HANDSET.removeprefix("+"), SAYS, HEARS) == []


def _receipts(hub: Served) -> Any:
    async def read() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await hub.local("privacy_receipts"))["receipts"]
        return found

    return read


async def test_a_provider_that_is_away_is_asked_again(start_hub: StartHub, clock: Ahead) -> None:
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        sent = await ann.send(HANDSET, SAYS)
        await hub.until_status(ann, sent["messageId"], "delivered")
        await Vendor(hub).arm("server_error")
        receipt = await erase(hub)
        assert (receipt["waiting"], receipt.get("finishedAt")) == (1, None)
        assert receipt["erasedAt"]
        clock.travel(31)
        (done,) = await hub.until(_receipts(hub), lambda found: bool(found[0].get("finishedAt")))

        assert (done["waiting"], done["vendors"]) == (0, {"demo": {"deleted": 1}})


@pytest.mark.parametrize("address", ["55", "nobody", ANN, "+1"])
async def test_an_agents_own_address_and_what_is_none_are_refused(
    served: Served, address: str
) -> None:
    await served.agent("ann", ANN)
    for name in ("privacy_erase", "privacy_export"):
        refused = await served.operator.post(f"/api/v1/tools/{name}", json={"address": address})

        assert (refused.status_code, refused.json()["field"]) == (422, "address")
    assert served.count("erasures") == 0


async def test_a_command_erases_without_a_running_hub(start_hub: StartHub, tmp_path: Path) -> None:
    async with start_hub() as hub:
        await correspond(hub)
    ours = partial(command, data_dir=tmp_path, config=tmp_path / "trunkline.toml")
    exported = json.loads(ours("privacy", "export", HANDSET))
    printed = ours("privacy", "erase", HANDSET)
    again = ours("privacy", "receipts", HANDSET, "--json")

    assert SAYS in {each.get("body") for each in exported["tables"]["messages"]}
    assert "finishedAt" in printed
    assert "suppressions 1" in printed
    assert len(json.loads(again)) == 1
    assert held_in(hub, HANDSET.removeprefix("+"), SAYS, HEARS) == []
