"""What must be true after a run: nothing acknowledged is lost, nothing is sent without its row."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.processes import Server
from bench.traffic import body_of, recipient_of
from plugins.postgres.tests.server import query

Ask = Callable[[str], list[tuple[Any, ...]]]


def asks_sqlite(path: Path) -> Ask:
    """Return what runs a query on an SQLite file."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    return ask


def asks_postgres(url: str) -> Ask:
    """Return what runs a query on a PostgreSQL."""
    return lambda sql: [tuple(row.values()) for row in query(url, sql)]


def taken_by(vendor: Server) -> dict[str, Mapping[str, str]]:
    """Return what a vendor took, by the vendor's ids."""
    lines = vendor.get("/ledger").decode().splitlines()
    return {text["sid"]: text for text in map(json.loads, lines)}


def complaints_of_sends(server: Server, vendor: Server, ask: Ask) -> Iterator[str]:
    """Yield what is wrong with the messages of a hub or of the naive build."""
    yield from server.complaints
    taken, acknowledged = taken_by(vendor), server.acknowledged
    states = counts(ask("SELECT status, count(*) FROM messages GROUP BY status"))
    if states != {"sent": acknowledged}:
        yield f"{acknowledged} acknowledged, but the rows are {states}"
    if len(taken) != acknowledged:
        yield f"{acknowledged} acknowledged, but the vendor took {len(taken)}"
    rows = ask("SELECT external_id, id, to_address FROM messages")
    known = {external_id: (row_id, to) for external_id, row_id, to in rows}
    if without := taken.keys() - known.keys():
        yield f"{len(without)} texts that the vendor took have no row"
    if len({text["Body"] for text in taken.values()}) != len(taken):
        yield "the vendor took a text twice"
    if any(known[sid][1] != text["To"] for sid, text in taken.items() if sid in known):
        yield "a text went to somebody else than its row says"
    bodies = {known[sid][0]: text["Body"] for sid, text in taken.items() if sid in known}
    if not server.samples:
        yield "no answer was looked at"
    for number, answer in server.samples:
        yield from _complaints_of_sample(server, number, json.loads(answer), bodies)


def complaints_of_null(server: Server, vendor: Server) -> Iterator[str]:
    """Yield what is wrong with the sends of a hub without a database."""
    yield from server.complaints
    taken = len(taken_by(vendor))
    if taken != server.acknowledged:
        yield f"{server.acknowledged} acknowledged, but the vendor took {taken}"


def complaints_of_trail(ask: Ask) -> Iterator[str]:
    """Yield what is wrong with the attempts and the history of a hub's messages."""
    ((messages,),) = ask("SELECT count(*) FROM messages")
    states = counts(ask("SELECT state, count(*) FROM message_attempts GROUP BY state"))
    if states != {"sent": messages}:
        yield f"{messages} messages, but the attempts are {states}"
    history = counts(ask("SELECT status, count(*) FROM message_history GROUP BY status"))
    if history != {"sending": messages, "sent": messages}:
        yield f"{messages} messages, but their history is {history}"
    ((keys,),) = ask("SELECT count(*) FROM idempotency_keys")
    if keys != messages:
        yield f"{messages} messages, but {keys} idempotency keys"


def counts(rows: list[tuple[Any, ...]]) -> dict[str, int]:
    """Return the rows of a query that counts by name."""
    return dict(rows)


def _complaints_of_sample(
    server: Server, number: int, answer: Any, bodies: Mapping[str, str]
) -> Iterator[str]:
    result = answer
    if "jsonrpc" in answer:
        if answer["id"] != number:
            yield f"send {number} got the answer of {answer['id']}"
        result = answer["result"]["structuredContent"]
    message_id = result.get("messageId") or result["message_id"]
    naive = "message_id" in result
    path = f"/messages/{message_id}" if naive else f"/api/v1/messages/{message_id}"
    stored = json.loads(server.get(path))
    wanted = (recipient_of(number), body_of(number))
    if (stored["to"], stored["body"]) != wanted:
        yield f"send {number} is stored as another text"
    if bodies.get(message_id) != body_of(number):
        yield f"send {number} reached the vendor as another text"
