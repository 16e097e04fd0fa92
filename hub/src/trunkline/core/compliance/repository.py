"""All SQL of the suppression list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from trunkline.core.addresses import canonical, spellings
from trunkline.core.compliance.people import addresses_of, same_person
from trunkline.db.hot import Hot, Question, question
from trunkline.db.locks import hold
from trunkline.db.schema import consents, suppressions
from trunkline.sdk import Tx


class Source(StrEnum):
    """Who told that an address is closed. Their own START lifts either."""

    STOP = "stop"
    """Its owner wrote STOP: closed to every sender of the workspace."""

    PROVIDER = "provider"
    """The provider said that its owner has opted out: closed to the sender that it refused."""


class Why(StrEnum):
    """Why nothing more is sent to an address."""

    OPTED_OUT = "opted_out"
    """Its owner asked for no more."""

    COMPLAINED = "complained"
    """Its owner reported a mail as spam."""

    BOUNCED = "bounced"
    """A mail bounced for good: it is no wish of its owner's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """That nothing more is sent to an address, by one sender or, with None, by any."""

    address: str
    sender: str | None
    why: Why
    source: Source
    closed_at: datetime


_ANY: Final = ""
"""In place of a sender: every sender of the workspace."""

_FIND = Hot(
    sa.select(suppressions.c.reason)
    .where(
        suppressions.c.workspace_id == sa.bindparam("workspace_id"),
        sa.or_(
            suppressions.c.address == sa.bindparam("number"),
            suppressions.c.address == sa.bindparam("address"),  # as earlier hubs stored it
            suppressions.c.address == sa.bindparam("erased"),
            suppressions.c.address.in_(
                same_person(sa.bindparam("workspace_id"), sa.bindparam("number"))
            ),
        ),
        sa.or_(suppressions.c.sender == _ANY, suppressions.c.sender == sa.bindparam("sender")),
    )
    .order_by(suppressions.c.reason == Why.BOUNCED.value)  # what a person wished counts for more
    .limit(1)
)


def hold_still(tx: Tx, workspace_id: str, address: str) -> None:
    """Let nobody close or open `address` until the transaction ends. Then ask about it."""
    hold(tx, "address", workspace_id, canonical(address), shared=True)


def suppressed(workspace_id: str, address: str, sender: str, erased: str) -> Question[Why | None]:
    """
    Ask why `address` must not be written to or called by `sender`; None if it may be.

    `erased` is what stands for it once it was erased (`BodyVault.erased`).
    """
    key = {
        "workspace_id": workspace_id,
        "number": canonical(address),
        "address": address,
        "erased": erased,
        "sender": canonical(sender),
    }
    return question(_FIND, key, lambda rows: Why(rows[0][0]) if rows else None)


def suppress_by_stop(
    tx: Tx, workspace_id: str, row_id: str, address: str, event_id: str | None, now: datetime
) -> None:
    """
    Close `address`: it asked for it by STOP, written `now`; the newest counts.

    What its owner had agreed to they take back with it. `event_id` is the event that told of it, or
    None if a person understood it so.
    """
    theirs = addresses_of(tx, workspace_id, address)
    tx.execute(
        sa.update(consents)
        .where(
            consents.c.workspace_id == workspace_id,
            consents.c.address.in_(theirs),
            consents.c.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    _suppress(tx, workspace_id, row_id, Source.STOP, Why.OPTED_OUT, _ANY, address, event_id, now)


def suppress_by_provider(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    *,
    sender: str,
    address: str,
    why: Why,
    event_id: str | None,
    now: datetime,
) -> None:
    """
    Close `address` to one sender: the provider says why.

    `event_id` is the event that told of it, or None if that was the answer to a send. Nothing
    changes if it is closed to that sender already, unless its owner wished for what was a bounce.
    """
    closed_to = canonical(sender)
    _suppress(tx, workspace_id, row_id, Source.PROVIDER, why, closed_to, address, event_id, now)


def lift(
    tx: Tx,
    workspace_id: str,
    address: str,
    sender: str,
    closed_before: datetime | None = None,
    *,
    erased: str,
) -> None:
    """
    Open what STOP closed to everybody, and what the provider told of closed to `sender`.

    `address` has written START to `sender`. With `closed_before` nothing is opened that was closed
    since. `erased` is what stands for it once it was erased.
    """
    theirs = addresses_of(tx, workspace_id, address)
    _hold_all(tx, workspace_id, theirs)
    lifted = sa.delete(suppressions).where(
        suppressions.c.workspace_id == workspace_id,
        suppressions.c.address.in_({*theirs, *spellings(address), erased}),
        sa.or_(
            suppressions.c.source == Source.STOP.value,
            sa.and_(
                suppressions.c.source == Source.PROVIDER.value,
                suppressions.c.sender == canonical(sender),
            ),
        ),
    )
    if closed_before is not None:
        lifted = lifted.where(suppressions.c.created_at <= closed_before)
    tx.execute(lifted)


def newest(tx: Tx, workspace_id: str, limit: int) -> list[Suppression]:
    """Return what is closed, the newest first."""
    found = tx.execute(
        sa.select(suppressions)
        .where(suppressions.c.workspace_id == workspace_id)
        .order_by(suppressions.c.created_at.desc(), suppressions.c.id.desc())
        .limit(limit)
    )
    return [
        Suppression(
            address=row.address,
            sender=row.sender or None,
            why=Why(row.reason),
            source=Source(row.source),
            closed_at=row.created_at,
        )
        for row in found
    ]


def reasons(tx: Tx, workspace_id: str, address: str, erased: str) -> list[Why]:
    """Return why `address` is closed, once for each sender; nobody closes it until `tx` ends."""
    theirs = (*addresses_of(tx, workspace_id, address), erased)
    _hold_all(tx, workspace_id, theirs)
    found = tx.execute(sa.select(suppressions.c.reason).where(*_of(workspace_id, theirs)))
    return [Why(reason) for reason in found.scalars()]


def lift_bounces(tx: Tx, workspace_id: str, address: str, erased: str) -> None:
    """Open what a bounce closed, to every sender."""
    theirs = (*addresses_of(tx, workspace_id, address), erased)
    bounced = suppressions.c.reason == Why.BOUNCED.value
    tx.execute(sa.delete(suppressions).where(*_of(workspace_id, theirs), bounced))


def forget_addresses(
    tx: Tx, workspace_id: str, erased: Mapping[str, str], new_id: Callable[[], str]
) -> int:
    """
    Let what stands for them take the place of a person's addresses; return how many were closed.

    Each of them stays closed to whom any of them was: that they were one person's is forgotten.
    """
    _hold_all(tx, workspace_id, tuple(erased))
    theirs = _of(workspace_id, (*erased, *erased.values()))
    found = tx.execute(sa.select(suppressions).where(*theirs).order_by(suppressions.c.id))
    closed = found.mappings().all()
    tx.execute(sa.delete(suppressions).where(*theirs))
    rows = {
        (mark, row["source"], row["sender"]): {
            **row,
            "id": new_id(),
            "address": mark,
            "event_id": None,
        }
        for row in closed
        for mark in erased.values()
    }
    if rows:
        tx.execute(sa.insert(suppressions), list(rows.values()))
    return len(closed)


def _of(workspace_id: str, addresses: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    return [
        suppressions.c.workspace_id == workspace_id,
        suppressions.c.address.in_(addresses),
    ]


def _hold_all(tx: Tx, workspace_id: str, addresses: tuple[str, ...]) -> None:
    """Let nobody judge by any of a person's addresses until the transaction ends."""
    for each in sorted(addresses):
        hold(tx, "address", workspace_id, each)


def _suppress(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    source: Source,
    why: Why,
    sender: str,
    address: str,
    event_id: str | None,
    now: datetime,
) -> None:
    number, *others = addresses_of(tx, workspace_id, address)
    _hold_all(tx, workspace_id, (number, *others))
    found = tx.execute(
        sa.select(suppressions.c.id, suppressions.c.reason, suppressions.c.created_at).where(
            suppressions.c.workspace_id == workspace_id,
            suppressions.c.address == number,
            suppressions.c.source == source.value,
            suppressions.c.sender == sender,
        )
    ).first()
    if found is None:
        tx.execute(
            sa.insert(suppressions).values(
                id=row_id,
                workspace_id=workspace_id,
                created_at=now,
                address=number,
                source=source.value,
                sender=sender,
                reason=why.value,
                event_id=event_id,
            )
        )
    elif found.reason == Why.BOUNCED and why is not Why.BOUNCED:
        tx.execute(
            sa.update(suppressions)
            .where(suppressions.c.id == found.id)
            .values(reason=why.value, event_id=event_id, created_at=now)
        )
    elif source is Source.STOP and found.created_at < now:
        tx.execute(
            sa.update(suppressions)
            .where(suppressions.c.id == found.id)
            .values(event_id=event_id, created_at=now)
        )
