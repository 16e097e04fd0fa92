"""What became of every send, callback and arriving text of a run: by the vendor, and by the hub."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import read_rows
from tests.processes import read_ledger

_OUTBOUND = "SELECT id, status, flag FROM messages WHERE direction = 'outbound'"
_INBOUND = "SELECT external_id FROM messages WHERE direction = 'inbound'"
_EVENTS = "SELECT external_id, state FROM inbound_events"
_UNSURE = "SELECT DISTINCT message_id FROM message_history WHERE status = 'unknown' AND moved"
_JOBS = "SELECT subject_id FROM engine_jobs"
_CALLS = (
    "SELECT calls.id, calls.status FROM calls JOIN messages ON messages.id = calls.message_id "
    "WHERE messages.status IN ('delivered', 'failed') AND calls.status IN "
    "('queued', 'initiated', 'ringing', 'in-progress')"
)
_PAID = "SELECT message_id FROM usage_logs WHERE action_type = 'speech' AND message_id IS NOT NULL"
_GONE_OUT = {"sent", "delivered", "read"}
_STATES = {"handled", "ignored", "dead"}


@dataclass(frozen=True, kw_only=True)
class Books:
    """
    Both sides of a run, as they stand.

    Attributes:
        statuses: Of each message of the hub.
        forgotten: Messages of unknown outcome that nobody is asked about, and no person either.
        unsure: Messages whose outcome was unknown at some time.
        accepted: How often the vendor accepted each text, and which messages it accepted.
        reported: What the vendor reported of each message, and `heard` what of it the hub took.
        arrived: How often each text that arrived was stored.
        taken: The texts that arrived that were answered 2xx.
        events: How many events of each state, and `repeated` those that were stored twice.
        calls: How far each call of a message that is over got.
        paid: How often the speech of each message was paid for.
    """

    statuses: Mapping[str, str]
    forgotten: set[str]
    unsure: set[str]
    texts: Mapping[str, list[str]]
    reported: Mapping[str, set[str]]
    heard: Mapping[str, set[str]]
    arrived: Counter[str]
    taken: set[str]
    refused: list[str]
    events: Counter[str]
    repeated: list[str]
    calls: Sequence[str]
    paid: Counter[str]


def read_books(database: str, data_dir: Path, ledger: Path) -> Books:
    """Read both sides."""
    rows = read_rows(database, data_dir, _OUTBOUND)
    jobs = {row["subject_id"] for row in read_rows(database, data_dir, _JOBS)}
    events = read_rows(database, data_dir, _EVENTS)
    told = read_ledger(Path(f"{ledger}.told"))
    texts = defaultdict(list)
    for line in read_ledger(ledger):
        texts[line["text"]].append(line["reference"])
    return Books(
        statuses={row["id"]: row["status"] for row in rows},
        forgotten={
            row["id"]
            for row in rows
            if row["status"] == "unknown" and not row["flag"] and row["id"] not in jobs
        },
        unsure={row["message_id"] for row in read_rows(database, data_dir, _UNSURE)},
        texts=texts,
        reported=_reports(told, "reports"),
        heard=_reports(told, "heard"),
        arrived=Counter(row["external_id"] for row in read_rows(database, data_dir, _INBOUND)),
        taken={
            fact["heard"]["id"]
            for fact in told
            if fact.get("heard", {}).get("type") == "text.received"
        },
        refused=[f"refused: {fact}" for fact in told if "refused" in fact],
        events=Counter(row["state"] for row in events),
        repeated=_repeated(Counter(row["external_id"] for row in events)),
        calls=[f"{row['id']} is {row['status']}" for row in read_rows(database, data_dir, _CALLS)],
        paid=Counter(row["message_id"] for row in read_rows(database, data_dir, _PAID)),
    )


def _reports(told: Sequence[Mapping[str, Any]], fact: str) -> dict[str, set[str]]:
    """Return what was reported of each message, or what of that was answered 2xx."""
    reports = defaultdict(set)
    for line in told:
        event = line.get(fact, {})
        if event.get("type") == "text.status":
            reports[event["id"].removeprefix("text-").partition("-")[0]].add(event["status"])
    return reports


def is_settled(books: Books, *, waits_for_answers: bool) -> bool:
    """Tell whether nothing is under way; with `waits_for_answers` nothing may be unknown either."""
    left = {"sending", "queued"} | ({"unknown"} if waits_for_answers else set())
    return not left & set(books.statuses.values()) and not books.forgotten


def judge(books: Books, acknowledged: Mapping[str, str], *, can_ask: bool) -> dict[str, list[str]]:
    """
    Return what is against the promise, by kind; `acknowledged` are the messages' ids by key.

    - ``lost``: acknowledged, and not there; or said to have gone out, and the vendor lacks it.
    - ``doubled``: accepted by the vendor more than once.
    - ``false``: said to be delivered, or to have failed, against what the vendor knows or told.
    - ``stuck``: still queued or under way; or unknown, and nobody is asked, and no person either.
    - ``unresolved``: still unknown although somebody can be asked.
    - ``inbound``: an event that was taken and not stored, or stored twice, or did not end.
    """
    accepted = {reference for references in books.texts.values() for reference in references}
    statuses = books.statuses
    gone_out = {id_ for id_, status in statuses.items() if status in _GONE_OUT}
    found = {
        "lost": [
            *(f"{key}: no {id_}" for key, id_ in acknowledged.items() if id_ not in statuses),
            *(f"{id_} is {statuses[id_]}, and did not go out" for id_ in gone_out - accepted),
        ],
        "doubled": [
            *(
                f"{text}: {references}"
                for text, references in books.texts.items()
                if references[1:]
            ),
            *(f"{id_} was paid for {n} times" for id_, n in books.paid.items() if n > 1),
        ],
        "false": _false(books, accepted),
        "stuck": [
            f"{id_} is {status}"
            for id_, status in statuses.items()
            if status in {"queued", "sending"} or id_ in books.forgotten
        ]
        + [*books.calls],
        "unresolved": [id_ for id_, status in statuses.items() if can_ask and status == "unknown"],
        "inbound": [
            *(f"{name} was taken, and is not there" for name in books.taken - set(books.arrived)),
            *(f"{name} is there twice" for name in (*_repeated(books.arrived), *books.repeated)),
            *(f"{number} events are {state}" for state, number in books.events.items()
              if state not in _STATES),
            *books.refused,
        ],
    }  # fmt: skip
    return {kind: cases for kind, cases in found.items() if cases}


def _false(books: Books, accepted: set[str]) -> list[str]:
    """Return what the hub says against what the vendor knows."""
    found = []
    for message_id, status in books.statuses.items():
        reported = books.reported.get(message_id, set())
        heard = books.heard.get(message_id, set())
        if status == "delivered" and "delivered" not in reported:
            found.append(f"{message_id} is delivered, and the vendor reported {sorted(reported)}")
        if status == "failed" and message_id in accepted and "undelivered" not in reported:
            found.append(f"{message_id} is failed, and the vendor accepted it")
        if status in {"sent", "unknown"} and heard & {"delivered", "undelivered"}:
            found.append(f"{message_id} is {status}, and the hub heard {sorted(heard)}")
    return found


def _repeated(times: Counter[str]) -> list[str]:
    return [name for name, number in times.items() if number > 1]
