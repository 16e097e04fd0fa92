"""All SQL of jobs and of those who do them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from trunkline.db.hot import Hot
from trunkline.db.locks import hold
from trunkline.db.schema import engine_executors, engine_jobs
from trunkline.sdk import Tx


class JobKind(StrEnum):
    """What is to be done, and what the subject of the job is."""

    ATTEMPT = "attempt"
    """Hand a queued message to its provider."""

    RECONCILE = "reconcile"
    """Find out what became of a message whose outcome is unknown."""

    FORWARD = "forward"
    """Tell an agent's callback URL of a message that came in, or failed."""

    DUPLICATE = "duplicate"
    """Tell once more, to somebody else, what a message said."""

    OCCURRENCE = "occurrence"
    """Tell a subscriber of an event."""

    REPORT = "report"
    """Apply a report whose message was not known when it came."""

    PRICE = "price"
    """Ask what a message cost that is over."""

    TRANSCRIPT = "transcript"
    """Ask what is said in a recording."""

    GREETING = "greeting"
    """Speak what an agent greets callers with."""

    CALL = "call"
    """Ask how far a call got whose provider has not told of its end."""

    APPROVAL = "approval"
    """Let what nobody has decided about in time be over."""

    SUSPENSION = "suspension"
    """Hold what a suspended agent has queued, or let it go once the agent is resumed."""

    ROTATION = "rotation"
    """Bring what is sealed under the newest root key."""

    PROVISION = "provision"
    """Go on giving an agent a channel, or taking it back."""

    DEPROVISION = "deprovision"
    """Cancel what an agent has queued that is no more."""

    SENDER_POOL = "sender_pool"
    """Fill the pool of WhatsApp senders."""

    ERASURE = "erasure"
    """Forget a contact whose erasure was asked for, and have its providers forget it."""

    ALERT = "alert"
    """Tell operators what is wrong, and is to be told by now."""

    MEDIUM = "medium"
    """Fetch a medium that came in, or delete the object of one that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do at a time; `tries` counts how often the work on it has broken off."""

    id: str
    workspace_id: str
    kind: JobKind
    subject_id: str
    due_at: datetime
    tries: int


_PUT_OFF = Hot(
    sa.update(engine_jobs)
    .where(
        engine_jobs.c.workspace_id == sa.bindparam("of_workspace"),
        engine_jobs.c.kind == sa.bindparam("of_kind"),
        engine_jobs.c.subject_id == sa.bindparam("of_subject"),
    )
    .values(due_at=sa.bindparam("then"), executor=None, tries=0)
)
_ADD = Hot(sa.insert(engine_jobs))
_CLAIM = Hot(
    sa.update(engine_jobs)
    .where(engine_jobs.c.id == sa.bindparam("job_id"), engine_jobs.c.executor.is_(None))
    .values(executor=sa.bindparam("by"))
)
_FINISH = Hot(
    sa.delete(engine_jobs).where(
        engine_jobs.c.id == sa.bindparam("job_id"), engine_jobs.c.executor == sa.bindparam("by")
    )
)
_NEXT_DUE = Hot(
    sa.select(sa.func.min(engine_jobs.c.due_at, type_=engine_jobs.c.due_at.type)).where(
        engine_jobs.c.executor.is_(None)
    )
)


def enqueue(
    tx: Tx,
    row_id: str,
    workspace_id: str,
    kind: JobKind,
    subject_id: str,
    due_at: datetime,
    now: datetime,
) -> None:
    """
    Let a job be due at a time; a subject has one job of a kind, and the last word counts.

    A job that somebody is at work on becomes due anew, which its work may do with itself.
    """
    hold(tx, "job", workspace_id, kind.value, subject_id)
    job = {"of_workspace": workspace_id, "of_kind": kind.value, "of_subject": subject_id}
    if not _PUT_OFF.rowcount(tx, {**job, "then": due_at}):
        _ADD.put(
            tx,
            {
                "id": row_id,
                "workspace_id": workspace_id,
                "created_at": now,
                "kind": kind.value,
                "subject_id": subject_id,
                "due_at": due_at,
                "tries": 0,
                "executor": None,
            },
        )
    tx.notify("jobs", subject_id)


def next_due(tx: Tx) -> datetime | None:
    """Return when the first job that nobody is at work on is due."""
    due: datetime | None = _NEXT_DUE(tx, {})[0][0]
    return due


def claim(
    tx: Tx,
    executor: str,
    now: datetime,
    wanted: Sequence[tuple[JobKind, int]],
    *,
    but: Collection[str] = (),
) -> list[Job]:
    """Take what is due, `but` some, the most overdue first: of each kind so many at most."""
    is_due = (engine_jobs.c.executor.is_(None), engine_jobs.c.due_at <= now)
    kinds = {*tx.execute(sa.select(engine_jobs.c.kind).where(*is_due).distinct()).scalars()}
    claimed = []
    for kind, most in wanted:
        if kind.value not in kinds:
            continue  # on a database server each question is a round trip
        due = (
            sa.select(engine_jobs)
            .where(
                *is_due,
                engine_jobs.c.kind == kind.value,
                engine_jobs.c.id.not_in(but),
            )
            .order_by(engine_jobs.c.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        claimed += [
            Job(
                id=row.id,
                workspace_id=row.workspace_id,
                kind=kind,
                subject_id=row.subject_id,
                due_at=row.due_at,
                tries=row.tries,
            )
            for row in tx.execute(due).all()
            if _CLAIM.rowcount(tx, {"job_id": row.id, "by": executor})
        ]
    return claimed


def finish(tx: Tx, executor: str, job_id: str) -> None:
    """Remove a job whose work is done, unless it has become due anew meanwhile."""
    _FINISH.put(tx, {"job_id": job_id, "by": executor})


def break_off(tx: Tx, executor: str, job: Job, due_at: datetime) -> None:
    """Give a job back whose work broke off."""
    tx.execute(
        sa.update(engine_jobs)
        .where(engine_jobs.c.id == job.id, engine_jobs.c.executor == executor)
        .values(executor=None, due_at=due_at, tries=job.tries + 1)
    )


def release(tx: Tx, executor: str, *, but: Collection[str] = ()) -> int:
    """Give back every job that an executor has claimed, `but` some, and return how many."""
    return tx.execute(
        sa.update(engine_jobs)
        .where(engine_jobs.c.executor == executor, engine_jobs.c.id.not_in(but))
        .values(executor=None)
    ).rowcount


def release_strangers(tx: Tx, known: Collection[str]) -> None:
    """Give back every job of an executor that is not `known`."""
    tx.execute(
        sa.update(engine_jobs).where(engine_jobs.c.executor.not_in(known)).values(executor=None)
    )


def release_all(tx: Tx) -> None:
    """Give back every job, and forget who was at work."""
    tx.execute(sa.update(engine_jobs).values(executor=None))
    tx.execute(sa.delete(engine_executors))


def cancel(tx: Tx, workspace_id: str, kind: JobKind, subject_id: str) -> None:
    """Remove a job; nothing happens if there is none."""
    tx.execute(
        sa.delete(engine_jobs).where(
            engine_jobs.c.workspace_id == workspace_id,
            engine_jobs.c.kind == kind.value,
            engine_jobs.c.subject_id == subject_id,
        )
    )


def beat(
    tx: Tx, workspace_id: str, executor: str, now: datetime, *, knows_root: int, seals_root: int
) -> bool:
    """
    Show that an executor lives, and which root keys it has.

    False is one that had been given up, or was never seen.
    """
    roots = {"knows_root": knows_root, "seals_root": seals_root}
    counted = tx.execute(
        sa.update(engine_executors)
        .where(engine_executors.c.id == executor)
        .values(beats=engine_executors.c.beats + 1, **roots)
    ).rowcount
    if not counted:
        tx.execute(
            sa.insert(engine_executors).values(
                id=executor, workspace_id=workspace_id, created_at=now, beats=0, **roots
            )
        )
    return bool(counted)


def read_beats(tx: Tx) -> dict[str, int]:
    """Return how often each executor has shown that it lives."""
    return {row.id: row.beats for row in tx.execute(sa.select(engine_executors))}


def count_behind(tx: Tx, number: int, *, sealing: bool, but: str) -> int:
    """Return how many executors, `but` one, cannot open with a root key or do not seal with it."""
    column = engine_executors.c.seals_root if sealing else engine_executors.c.knows_root
    behind = sa.and_(engine_executors.c.id != but, sa.or_(column.is_(None), column < number))
    counted = sa.select(sa.func.count()).select_from(engine_executors).where(behind)
    count: int = tx.execute(counted).scalar_one()
    return count


def give_up(tx: Tx, executor: str, beats: int) -> bool:
    """Remove an executor that has not shown itself since; False if it has, or is gone."""
    return bool(
        tx.execute(
            sa.delete(engine_executors).where(
                engine_executors.c.id == executor, engine_executors.c.beats == beats
            )
        ).rowcount
    )


def forget(tx: Tx, executor: str) -> None:
    """Remove an executor that stops in good order, and give back what it has not begun."""
    release(tx, executor)
    tx.execute(sa.delete(engine_executors).where(engine_executors.c.id == executor))
