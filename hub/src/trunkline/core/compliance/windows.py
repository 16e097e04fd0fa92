"""When somebody wrote last to an address of the hub, and what a provider says against it."""

from datetime import datetime

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.core.compliance.people import addresses_of, same_person
from trunkline.db.hot import Hot, Question, question
from trunkline.db.schema import reply_windows
from trunkline.sdk import Tx

_FIND = Hot(
    sa.select(reply_windows.c.wrote_at)
    .where(
        reply_windows.c.workspace_id == sa.bindparam("workspace_id"),
        reply_windows.c.channel == sa.bindparam("channel"),
        reply_windows.c.sender == sa.bindparam("sender"),
        sa.or_(
            reply_windows.c.address == sa.bindparam("address"),
            reply_windows.c.address.in_(
                same_person(sa.bindparam("workspace_id"), sa.bindparam("address"))
            ),
        ),
    )
    .order_by(reply_windows.c.wrote_at.is_(None), reply_windows.c.wrote_at.desc())
    .limit(1)
)


def wrote_at(
    workspace_id: str, channel: str, sender: str, address: str
) -> Question[datetime | None]:
    """Ask when `address` wrote to `sender` last; None if never, or if the window is closed."""
    key = _key(workspace_id, channel, sender, address)
    return question(_FIND, key, lambda rows: rows[0][0] if rows else None)


def note(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    channel: str,
    sender: str,
    address: str,
    at: datetime | None,
    now: datetime,
) -> None:
    """
    Note that `address` wrote to `sender` then; with None, that the provider says it is closed.

    What was written earlier than is known already opens nothing anew.
    """
    key = _key(workspace_id, channel, sender, address)
    known = wrote_at(workspace_id, channel, sender, address).ask(tx)
    if at is not None and known is not None and known >= at:
        return
    theirs = addresses_of(tx, workspace_id, address)
    tx.execute(
        sa.delete(reply_windows).where(
            reply_windows.c.address.in_(theirs),
            *(reply_windows.c[name] == value for name, value in key.items() if name != "address"),
        )
    )
    tx.execute(sa.insert(reply_windows).values(id=row_id, created_at=now, wrote_at=at, **key))


def _key(workspace_id: str, channel: str, sender: str, address: str) -> dict[str, str]:
    return {
        "workspace_id": workspace_id,
        "channel": channel,
        "sender": canonical(sender),
        "address": canonical(address),
    }
