"""Nothing of a text stays longer or lies elsewhere than promised."""

from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor, WireWebhooks
from trunkline.db.schema import idempotency_keys
from trunkline.sdk import Tx
from trunkline.testing import FakeClock

pytestmark = pytest.mark.both(slow=True)

OUT, IN = "Guacamole-OUT-7f31", "Quesadilla-IN-93c2"
MEDIA_OUT, MEDIA_IN = "https://nachos.example/OUT-41d7", "https://burrito.example/IN-5e09"
PATIENT = DEMO.replace("delivery_delay_ms = 20", "delivery_delay_ms = 600000")


def held(hub: Served) -> int:
    """Return how many texts lie in the vault."""
    return hub.count("body_vault")


def raw_bytes(hub: Served) -> bytes:
    """Return every byte of the database's files, the log of changes included."""
    _, on_server, home = hub.database.partition("?host=")
    if not on_server:
        return b"".join(path.read_bytes() for path in sorted(hub.data_dir.glob("trunkline.db*")))
    (own,) = hub.rows("SELECT oid FROM pg_database WHERE datname = current_database()")
    data = Path(home) / "data"
    found = []
    for folder in (data / "base" / str(own["oid"]), data / "pg_wal"):
        for path in sorted(folder.iterdir()):
            with suppress(FileNotFoundError, IsADirectoryError):  # the log moves on
                found.append(path.read_bytes())
    return b"".join(found)


def checkpoint(hub: Served) -> None:
    """Move everything into the main files."""
    on_server = hub.database.startswith("postgresql:")
    hub.rows("CHECKPOINT" if on_server else "PRAGMA wal_checkpoint(TRUNCATE)")


# --- at rest --------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [False, True])
async def test_no_byte_of_the_database_holds_a_text_in_clear(
    start_hub: StartHub, keep: bool
) -> None:
    async with start_hub(toml=PATIENT) as hub:
        ann = await hub.agent("ann", ANN)
        checkpoint(hub)  # what is committed may still be on its way into the files
        assert ANN.encode() in raw_bytes(hub)  # where a text in clear would be found
        if keep:
            await hub.local("privacy_keep", id="ann", channel="sms", days=30)
        await ann.send(HANDSET, OUT, mediaUrl=MEDIA_OUT, idempotencyKey="a-key-8c5e")
        await Vendor(hub).text(HANDSET, ANN, IN, media_urls=(MEDIA_IN,))
        await Vendor(hub).tell("/webhooks/ann/sms", f"unreadable {IN} {MEDIA_IN}".encode())
        shown = {(message["body"], message["mediaUrl"]) for message in await ann.inbox()}
        assert shown == {(OUT, MEDIA_OUT), (IN, MEDIA_IN)}
        before = raw_bytes(hub)
        checkpoint(hub)
        after = raw_bytes(hub)

    for text in (OUT, IN, "nachos", "burrito", "a-key-8c5e", ann.token.rpartition("_")[2]):
        assert text.encode() not in before + after


async def test_the_data_directory_holds_no_other_trace_of_a_text(
    served: Served, ann: Caller
) -> None:
    await ann.send(HANDSET, OUT, mediaUrl=MEDIA_OUT)
    await Vendor(served).text(HANDSET, ANN, IN, media_urls=(MEDIA_IN,))

    files = [path for path in served.data_dir.rglob("*") if path.is_file()]
    for text in (OUT, IN, "nachos", "burrito"):
        assert [path.name for path in files if text.encode() in path.read_bytes()] == []


async def test_a_ciphertext_opens_nowhere_but_in_its_own_row(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "one", "t1")
    await Vendor(served).text(HANDSET, ANN, "two", "t2")
    one, two = served.rows("SELECT id, ciphertext FROM body_vault ORDER BY id")
    await served.change(
        "UPDATE body_vault SET ciphertext = :other WHERE id = :id",
        other=one["ciphertext"],
        id=two["id"],
    )

    assert [message["body"] for message in await ann.inbox()] == [None, "one"]


async def test_a_text_cannot_be_passed_off_as_media(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, f'["look", "{MEDIA_IN}"]')
    await served.change("UPDATE messages SET media_count = 1")
    (message,) = await ann.inbox()

    assert message["body"] is None
    assert "mediaUrl" not in message


# --- outbound -------------------------------------------------------------------------------------


async def test_an_outbound_text_is_shredded_once_it_is_delivered(
    served: Served, ann: Caller
) -> None:
    sent = await ann.send(HANDSET, OUT)
    await served.until_status(ann, sent["messageId"], "delivered")

    (message,) = await ann.inbox()
    assert (message["body"], message["bodyState"]) == (None, "shredded")
    assert held(served) == 0


async def test_an_outbound_text_is_held_while_its_end_is_open(start_hub: StartHub) -> None:
    async with start_hub(toml=PATIENT) as hub:
        ann = await hub.agent("ann", ANN)
        await ann.send(HANDSET, OUT)
        (message,) = await ann.inbox()

    assert (message["body"], message["bodyState"]) == (OUT, "held")


async def test_an_outbound_text_of_unknown_outcome_is_held(served: Served, ann: Caller) -> None:
    await Vendor(served).arm("server_error")
    await ann.send(HANDSET, OUT)

    (message,) = await ann.inbox()
    assert (message["status"], message["body"]) == ("unknown", OUT)


# --- inbound --------------------------------------------------------------------------------------


async def test_reading_a_text_does_not_use_it_up(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, IN)
    reads = [(await ann.inbox(unread=True))[0]["body"] for _ in range(3)]

    assert reads == [IN, IN, IN]


async def test_answering_a_text_acknowledges_and_shreds_it(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, IN)
    (received,) = await ann.inbox()
    await ann.send(HANDSET, OUT, replyTo=received["id"])

    response = await ann.get(f"/api/v1/messages/{received['id']}")
    answered = response.json()
    assert (answered["body"], answered["bodyState"], answered["read"]) == (None, "shredded", True)
    assert await ann.inbox(unread=True) == []


@pytest.mark.parametrize("fault", ["bad_recipient", "server_error"])
async def test_an_answer_that_was_not_surely_sent_acknowledges_nothing(
    served: Served, ann: Caller, fault: str
) -> None:
    await Vendor(served).text(HANDSET, ANN, IN)
    (received,) = await ann.inbox()
    await Vendor(served).arm(fault)
    await ann.try_send(HANDSET, OUT, replyTo=received["id"])

    assert [message["body"] for message in await ann.inbox(unread=True)] == [IN]


async def test_an_answer_that_proves_to_be_sent_acknowledges_then(
    served: Served, ann: Caller
) -> None:
    await Vendor(served).text(HANDSET, ANN, IN)
    (received,) = await ann.inbox()
    await Vendor(served).arm("dropped_after")
    sent = await ann.send(HANDSET, OUT, replyTo=received["id"])
    await served.until_status(ann, sent["messageId"], "delivered")

    assert await ann.inbox(unread=True) == []


async def test_an_agent_answers_only_what_it_received(
    served: Served, ann: Caller, ben: Caller
) -> None:
    await Vendor(served).text(HANDSET, ANN, IN)
    (received,) = await ann.inbox()
    sent = await ann.send(HANDSET, OUT)
    foreign = await ben.try_send(HANDSET, OUT, replyTo=received["id"])
    own = await ann.try_send(HANDSET, "again", replyTo=sent["messageId"])

    for refused in (foreign, own):
        assert (refused.status_code, refused.json()["field"]) == (422, "replyTo")


# --- in time --------------------------------------------------------------------------------------


async def _after(start_hub: StartHub, hours: float, setting: str = "") -> dict[str, str]:
    """Store a text of each direction, let hours pass, and return their states once swept."""
    clock, told = FakeClock(), {"id": "t1", "from": BOB, "to": ALICE, "body": IN}
    plugins = Network().plugins(WireWebhooks())
    async with start_hub(plugins=plugins, toml=WIRE + setting, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        if "keep" in setting:
            await hub.local("privacy_keep", id="ann", channel="sms", days=30)
        await ann.send(BOB, OUT)
        await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        clock.travel(hours * 3600)

        async def swept() -> bool:  # the last thing that the hub does when it keeps house
            return hub.rows("SELECT last_used_at AS at FROM agent_tokens")[0]["at"] is not None

        await hub.until(swept, bool)
        messages = hub.rows("SELECT direction, body_state, body FROM messages")
        kept = [message for message in messages if message["body"] is not None]
        vault = hub.count("body_vault")
    states = {message["direction"]: message["body_state"] for message in messages}
    assert vault == list(states.values()).count("held")
    assert len(kept) == list(states.values()).count("kept")
    return states


@pytest.mark.parametrize(
    ("hours", "setting", "state"),
    [
        (71.9, "", "held"),
        (72.1, "", "shredded"),
        (2.1, "[privacy]\nhold_hours = 2\n", "shredded"),
        (29.9 * 24, "# keep\n", "kept"),
        (30.1 * 24, "# keep\n", "shredded"),
    ],
)
async def test_a_text_goes_when_its_time_is_over(
    start_hub: StartHub, hours: float, setting: str, state: str
) -> None:
    assert await _after(start_hub, hours, setting) == {"inbound": state, "outbound": state}


def _add_1200_keys(tx: Tx) -> None:
    (key,) = tx.execute(sa.select(idempotency_keys)).mappings()
    keys = [{**key, "id": f"row_{n}", "key_hash": b"%d" % n} for n in range(1200)]
    tx.execute(sa.insert(idempotency_keys), keys)


async def test_no_key_is_left_behind_however_many_there_were(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with start_hub(plugins=Network().plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        await hub.running.hub.db.write(_add_1200_keys)
        clock.travel(121)

        async def left() -> int:
            return hub.count("idempotency_keys")

        await hub.until(left, lambda count: count == 0)


# --- kept on request ------------------------------------------------------------------------------


async def test_kept_texts_outlive_delivery_and_answer(served: Served, ann: Caller) -> None:
    await served.local("privacy_keep", id="ann", channel="sms", days=30)
    await Vendor(served).text(HANDSET, ANN, IN)
    (received,) = await ann.inbox()
    sent = await ann.send(HANDSET, OUT, replyTo=received["id"])
    await served.until_status(ann, sent["messageId"], "delivered")

    bodies = [(message["body"], message["bodyState"]) for message in await ann.inbox()]
    assert bodies == [(OUT, "kept"), (IN, "kept")]
    assert held(served) == 0


async def test_keeping_is_an_agents_own(served: Served, ann: Caller, ben: Caller) -> None:
    await served.local("privacy_keep", id="ann", channel="sms", days=30)
    await Vendor(served).text(HANDSET, BEN, IN)

    assert [message["bodyState"] for message in await ben.inbox()] == ["held"]


async def test_keeping_ends_when_it_is_set_to_no_days(served: Served, ann: Caller) -> None:
    await served.local("privacy_keep", id="ann", channel="sms", days=30)
    await served.local("privacy_keep", id="ann", channel="sms", days=0)
    await Vendor(served).text(HANDSET, ANN, IN)

    assert [message["bodyState"] for message in await ann.inbox()] == ["held"]
