"""What the hub does by itself: a batch to a slow vendor, and how late it begins what is due."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from bench.correctness import counts, taken_by
from bench.figures import Figure, incorrect, value
from bench.gates import AT_ONCE, BATCH, RETRY
from bench.p1 import Sender, warm_sender
from bench.run import Run
from bench.sink import BUSY
from bench.traffic import body_of, recipient_of

LATENCY_MS: Final = 50.0
SIZE: Final = 500
_ENDS_WITHIN_S: Final = 120.0
_LOOK_EVERY_S: Final = 0.1
_SINGLE: Final = 20
_BUSY: Final = 3
"""Texts that the vendor is too busy for, each once: so few in a row that it counts as reachable."""


def measure(run: Run) -> Iterator[Figure]:
    """Let a hub work through batches, and look at its rows to tell when each attempt began."""
    batch_s: list[float] = []
    at_once_ms: list[float] = []
    retry_ms: list[float] = []
    with warm_sender(run, "sqlite", latency_ms=LATENCY_MS) as sender:
        for _ in run.each_round():
            batch_s.append(_batch_s(sender))
            at_once_ms.append(max(_singles_ms(sender)))
            retry_ms.append(max(_retries_ms(sender)))
        complaints = list(_complaints(sender))
    if complaints:
        yield from (incorrect(name, complaints) for name in (BATCH, AT_ONCE, RETRY))
        return
    yield value(BATCH, batch_s, "s")
    yield value(AT_ONCE, at_once_ms, "ms")
    yield value(RETRY, retry_ms, "ms")


def _batch_s(sender: Sender) -> float:
    """Return how long a batch takes from the call until all of it is sent."""
    started = time.monotonic()
    sent = _call(sender, "comms_send_batch", messages=[_text(sender) for _ in range(SIZE)])
    _until(sender, sent["batchId"], "done")
    return time.monotonic() - started


def _singles_ms(sender: Sender) -> Iterator[float]:
    """Yield how long after it was queued each of some messages was begun with."""
    for _ in range(_SINGLE):
        sent = _call(sender, "comms_send_batch", messages=[_text(sender)])
        _until(sender, sent["batchId"], "done")
        message_id = sent["results"][0]["messageId"]
        ((queued_at,),) = _rows(sender, "created_at FROM messages WHERE id", message_id)
        yield _ms(queued_at, _begun_at(sender, message_id, 1))


def _retries_ms(sender: Sender) -> list[float]:
    """Return how long after it was due each second attempt began at what the vendor put off."""
    queued = [
        _call(sender, "comms_send_message", **_text(sender, prefix=BUSY)) for _ in range(_BUSY)
    ]
    for each in queued:
        _until(sender, each["messageId"], "sent")
    return [_ms(each["earliestAt"], _begun_at(sender, each["messageId"], 2)) for each in queued]


def _complaints(sender: Sender) -> Iterator[str]:
    """Yield what is wrong with what was stored and sent."""
    assert sender.ask is not None  # it is on SQLite
    statuses = counts(sender.ask("SELECT status, count(*) FROM messages GROUP BY status"))
    if statuses != {"sent": sender.server.asked}:
        yield f"{sender.server.asked} asked for, but the rows are {statuses}"
    taken = Counter(text["Body"] for text in taken_by(sender.vendor).values())
    if len(taken) != sender.server.asked or taken.total() != sender.server.asked:
        yield f"{sender.server.asked} asked for, but the vendor took {taken.total()}"
    if sender.ask("SELECT id FROM engine_jobs"):
        yield "there are jobs left"


def _text(sender: Sender, *, prefix: str = "") -> dict[str, str]:
    """Return a message that nobody sent before."""
    number = sender.server.asked
    sender.server.asked += 1
    return {"channel": "sms", "to": recipient_of(number), "body": prefix + body_of(number)}


def _until(sender: Sender, id_: str, status: str) -> None:
    """Wait until a message or batch stands there."""
    end = time.monotonic() + _ENDS_WITHIN_S
    while _call(sender, "comms_get_status", id=id_)["status"] != status:
        if time.monotonic() > end:
            raise RuntimeError(f"{id_} was never {status}")
        time.sleep(_LOOK_EVERY_S)


def _begun_at(sender: Sender, message_id: str, number: int) -> str:
    what = f"created_at FROM message_attempts WHERE number = {number} AND message_id"
    ((begun_at,),) = _rows(sender, what, message_id)
    return str(begun_at)


def _rows(sender: Sender, what: str, id_: str) -> list[tuple[Any, ...]]:
    assert sender.ask is not None  # it is on SQLite
    return sender.ask(f"SELECT {what} = '{id_}'")


def _ms(since: str, until: str) -> float:
    passed = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return passed.total_seconds() * 1000


def _call(sender: Sender, name: str, **arguments: Any) -> dict[str, Any]:
    """Call an operation of the hub; it must work."""
    connection = http.client.HTTPConnection("127.0.0.1", sender.server.port, timeout=60)
    headers = {
        "Authorization": f"Bearer {sender.server.token}",
        "Content-Type": "application/json",
    }
    try:
        connection.request("POST", f"/api/v1/tools/{name}", json.dumps(arguments), headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{name} was answered {answer.status}: {body[:200]!r}")
    result: dict[str, Any] = json.loads(body)
    return result
