"""People with several addresses: a number, and the id by which a provider knows who has it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.db.locks import hold
from trunkline.db.schema import person_addresses
from trunkline.sdk import Tx

_HAS, _IS = person_addresses.alias("has"), person_addresses.alias("is_of")


def same_person(workspace_id: Any, address: Any) -> sa.Select[tuple[str]]:
    """Return a selection of the addresses that a person is known to have, if any are known."""
    return sa.select(_HAS.c.address).where(
        _HAS.c.workspace_id == workspace_id,
        _HAS.c.person.in_(
            sa.select(_IS.c.person).where(
                _IS.c.workspace_id == workspace_id, _IS.c.address == address
            )
        ),
    )


def addresses_of(tx: Tx, workspace_id: str, address: str) -> tuple[str, ...]:
    """Return every address of whoever has one, that one first."""
    own = canonical(address)
    found = tx.execute(same_person(workspace_id, own)).scalars()
    return tuple(dict.fromkeys((own, *sorted(map(str, found)))))


def link(
    tx: Tx, workspace_id: str, row_ids: tuple[str, str], address: str, person: str, now: datetime
) -> None:
    """Note that an address is a person's from now on: a number may have been another's before."""
    hold(tx, "person", workspace_id, person)
    for row_id, each in zip(row_ids, (person, canonical(address)), strict=True):
        its = (person_addresses.c.workspace_id == workspace_id, person_addresses.c.address == each)
        known = tx.execute(sa.select(person_addresses.c.person).where(*its)).scalar()
        if known == person:
            continue
        hold(tx, "person address", workspace_id, each)
        tx.execute(sa.delete(person_addresses).where(*its))
        tx.execute(
            sa.insert(person_addresses).values(
                id=row_id,
                workspace_id=workspace_id,
                created_at=now,
                address=each,
                person=person,
            )
        )
