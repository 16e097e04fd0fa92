"""All SQL of provisioning."""

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.db.locks import hold
from trunkline.db.schema import agent_addresses, provisioning
from trunkline.sdk import DnsRecord, Readiness, Tx

NOTES: Final = "provisioning"
"""The channel of notes on agents whose rows have changed."""

_T: Final = provisioning.c
_REGISTERED: Final = (Part.BRAND.value, Part.CAMPAIGN.value)


def hold_agent(tx: Tx, workspace_id: str, agent_id: str) -> None:
    """Keep everybody else from provisioning an agent until the transaction ends."""
    hold(tx, "provisioning", workspace_id, agent_id)


def add(tx: Tx, row: Row, now: datetime) -> None:
    """Insert a row."""
    tx.execute(
        sa.insert(provisioning).values(
            id=row.id,
            workspace_id=row.workspace_id,
            created_at=now,
            updated_at=now,
            version=0,
            agent_id=row.agent_id,
            channel=row.part.value,
            **_columns(row),
        )
    )


def find(tx: Tx, workspace_id: str, row_id: str) -> Row | None:
    """Return one row."""
    found = tx.execute(
        sa.select(provisioning).where(_T.workspace_id == workspace_id, _T.id == row_id)
    ).first()
    return None if found is None else _row(found)


def of_agent(tx: Tx, workspace_id: str, agent_id: str, *, held: bool = False) -> dict[Part, Row]:
    """Return an agent's rows; held, nobody else changes them until the transaction ends."""
    statement = sa.select(provisioning).where(
        _T.workspace_id == workspace_id, _T.agent_id == agent_id
    )
    found = tx.execute(statement.order_by(_T.id).with_for_update() if held else statement)
    return {row.part: row for row in map(_row, found)}


def store(tx: Tx, row: Row, now: datetime) -> bool:
    """Store a row as it is now; False if somebody changed it since it was read."""
    statement = (
        sa.update(provisioning)
        .where(_T.workspace_id == row.workspace_id, _T.id == row.id, _T.version == row.version)
        .values(version=row.version + 1, updated_at=now, agent_id=row.agent_id, **_columns(row))
    )
    tx.notify(NOTES, row.agent_id)
    return tx.execute(statement).rowcount == 1


def remove(tx: Tx, row: Row) -> bool:
    """Remove a row; False if somebody changed it since it was read."""
    tx.notify(NOTES, row.agent_id)
    statement = sa.delete(provisioning).where(
        _T.workspace_id == row.workspace_id, _T.id == row.id, _T.version == row.version
    )
    return tx.execute(statement).rowcount == 1


def addresses_in_use(tx: Tx, workspace_id: str, part: Part) -> Collection[str]:
    """Return the addresses of a part that some row names; nobody else chooses one meanwhile."""
    hold(tx, "provisioning addresses", workspace_id, part.value)
    chosen = sa.select(_T.address).where(
        _T.workspace_id == workspace_id, _T.channel == part.value, _T.address.is_not(None)
    )
    return set(tx.execute(chosen).scalars())


def find_kept(
    tx: Tx, workspace_id: str, part: Part, connection: str, country: str | None
) -> Row | None:
    """Return something kept that a new agent may have, the oldest first."""
    wanted = [
        _T.workspace_id == workspace_id,
        _T.channel == part.value,
        _T.connection == connection,
        _T.step == Step.KEPT.value,
        ~sa.exists().where(
            agent_addresses.c.workspace_id == workspace_id,
            agent_addresses.c.address == _T.address,
        ),
    ]
    if country is not None:
        wanted.append(_T.country == country)
    hold(tx, "provisioning kept", workspace_id, part.value)
    found = tx.execute(sa.select(provisioning).where(*wanted).order_by(_T.id).limit(1)).first()
    return None if found is None else _row(found)


def registered(tx: Tx, workspace_id: str) -> list[Row]:
    """Return what is registered with carriers, or shall be."""
    found = tx.execute(
        sa.select(provisioning)
        .where(_T.workspace_id == workspace_id, _T.channel.in_(_REGISTERED))
        .order_by(_T.id)
    )
    return [_row(each) for each in found]


def provider_ids(tx: Tx, row: Row) -> set[str]:
    """Return the provider's ids of other rows of a part."""
    found = tx.execute(
        sa.select(_T.provider_id).where(
            _T.workspace_id == row.workspace_id,
            _T.channel == row.part.value,
            _T.provider_id.is_not(None),
            _T.id != row.id,
        )
    )
    return set(found.scalars())


def facts(tx: Tx, row: Row) -> bytes | None:
    """Return what a registration is asked for with, sealed."""
    statement = sa.select(_T.facts_encrypted).where(
        _T.workspace_id == row.workspace_id, _T.id == row.id
    )
    return tx.execute(statement).scalar()


def put_facts(tx: Tx, row: Row, sealed: bytes | None) -> None:
    """Store what a registration is asked for with, or forget it."""
    tx.execute(
        sa.update(provisioning)
        .where(_T.workspace_id == row.workspace_id, _T.id == row.id)
        .values(facts_encrypted=sealed)
    )


def account_named(tx: Tx, workspace_id: str, name: str) -> Row | None:
    """Return the account that a connection is of."""
    found = tx.execute(
        sa.select(provisioning).where(
            _T.workspace_id == workspace_id,
            _T.channel == Part.ACCOUNT.value,
            _T.address == name,
        )
    ).first()
    return None if found is None else _row(found)


def kept(tx: Tx, workspace_id: str) -> list[Row]:
    """Return what is nobody's and paid for."""
    found = tx.execute(
        sa.select(provisioning)
        .where(
            _T.workspace_id == workspace_id,
            _T.step == Step.KEPT.value,
            _T.channel != Part.ACCOUNT.value,
        )
        .order_by(_T.id)
    )
    return [_row(each) for each in found]


def _columns(row: Row) -> dict[str, Any]:
    return {
        "aim": row.aim.value,
        "step": row.step.value,
        "connection": row.connection,
        "country": row.country,
        "address": row.address,
        "provider_id": row.provider_id,
        "monthly_price": row.monthly_micros,
        "currency": row.currency,
        "readiness": row.readiness and row.readiness.value,
        "vendor_status": row.vendor_status,
        "quality": row.quality,
        "records": json.dumps([asdict(each) for each in row.records]) if row.records else None,
        "reason": row.reason,
        "tries": row.tries,
        "asked_at": row.asked_at,
    }


def _row(found: Any) -> Row:
    return Row(
        id=found.id,
        workspace_id=found.workspace_id,
        agent_id=found.agent_id,
        part=Part(found.channel),
        aim=Aim(found.aim),
        step=Step(found.step),
        connection=found.connection,
        country=found.country,
        address=found.address,
        provider_id=found.provider_id,
        monthly_micros=found.monthly_price,
        currency=found.currency,
        readiness=Readiness(found.readiness) if found.readiness else None,
        vendor_status=found.vendor_status,
        quality=found.quality,
        records=tuple(DnsRecord(**each) for each in json.loads(found.records or "[]")),
        reason=found.reason,
        tries=found.tries,
        asked_at=found.asked_at,
        version=found.version,
        updated_at=found.updated_at,
    )
