"""Everything that the hub holds of a contact, as its rows have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import sqlalchemy as sa

from trunkline.core.addresses import spellings
from trunkline.core.messages import repository
from trunkline.core.messages.journal import Journal
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.retention.traces import Row, Traces, plain, searched
from trunkline.core.retention.whose import whose
from trunkline.db.schema import (
    forwards,
    media,
    message_attempts,
    message_history,
    messages,
    usage_logs,
)
from trunkline.sdk import Database, Tx

_WITH_MESSAGES: Final = (message_attempts, message_history, media, forwards, usage_logs)
_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    What is held of a contact.

    Attributes:
        addresses: Every address that the contact is known by.
        tables: Rows by table; a message also has what it says, while that is held.
    """

    addresses: Sequence[str]
    tables: Mapping[str, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Exporting:
    """Reads what an erasure would take."""

    db: Database
    journal: Journal

    def _asked(self, by: Principal, address: str, tx: Tx) -> Sequence[str]:
        """Return the addresses of a contact, and record that somebody exports what is held."""
        theirs = whose(tx, by.workspace_id, address)
        key = self.journal.vault.known_key(tx, by.workspace_id, theirs[0])
        target = key.commitment(theirs[0]) if key else "unknown"
        self.journal.audit.act(tx, by, "contact.exported", target)
        return theirs

    async def export(self, by: Principal, address: str) -> Held:
        """
        Return everything that is held of a contact.

        Raises:
            Invalid: It is no address, or an agent's own.
        """
        workspace_id = by.workspace_id
        theirs = await self.db.write(partial(self._asked, by, address))
        forms = dict.fromkeys(form for each in theirs for form in spellings(each))
        traces = Traces(workspace_id, dict.fromkeys(forms, ""))
        held: dict[str, list[Row]] = {}
        for table in searched():
            ids = await self.db.read(partial(traces.find, table), heavy=True)
            for start in range(0, len(ids), _PAGE):
                page = ids[start : start + _PAGE]
                found = await self.db.read(partial(self._rows, workspace_id, table, page))
                for name, rows in found.items():
                    held.setdefault(name, []).extend(rows)
        return Held(addresses=theirs, tables=held)

    def _rows(
        self, workspace_id: str, table: sa.Table, ids: Sequence[str], tx: Tx
    ) -> Mapping[str, Sequence[Row]]:
        rows = tx.execute(sa.select(table).where(table.c.id.in_(ids)).order_by(table.c.id))
        if table is not messages:
            return {table.name: [plain(dict(row)) for row in rows.mappings()]}
        found: dict[str, Sequence[Row]] = {
            messages.name: [
                {**plain(dict(row)), **self._says(tx, workspace_id, str(row["id"]))}
                for row in rows.mappings()
            ]
        }
        for each in _WITH_MESSAGES:
            theirs = sa.select(each).where(
                each.c.workspace_id == workspace_id, each.c.message_id.in_(ids)
            )
            found[each.name] = [plain(dict(row)) for row in tx.execute(theirs).mappings()]
        return found

    def _says(self, tx: Tx, workspace_id: str, message_id: str) -> Row:
        """Return what a message says, as far as it is held."""
        message = repository.find_message(tx, workspace_id, message_id)
        assert message is not None  # it was just read
        try:
            content = self.journal.content(tx, workspace_id, message)
        except Unreadable:
            return {}
        if content is None:
            return {}
        return {
            "body": content.body,
            "subject": content.subject,
            "html": content.html,
            "transcript": content.transcript,
        }
