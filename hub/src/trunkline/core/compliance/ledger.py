"""The consent ledger: who agreed to what, with its proof, for the whole workspace."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.core.compliance.people import addresses_of
from trunkline.core.principal import Principal
from trunkline.core.problems import Invalid
from trunkline.db.locks import hold
from trunkline.db.schema import consents
from trunkline.sdk import Clock, Database, EventLog, IdSource, MessageClass, Tx

COLUMNS: Final = (
    "address", "channel", "messageClass", "written", "artificialVoice", "givenAt", "shown",
    "source", "state", "zone", "revokedAt", "recordedBy",
)  # fmt: skip
"""The columns of the CSV: what is exported can be imported. The last two are not read."""
MOST_ROWS: Final = 50_000
_MOST_FAULTS: Final = 20
_LONGEST: Final = 2000
_REST: Final = "beyond the columns"
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """
    A consent with its proof.

    Attributes:
        address: The hub's spelling of it.
        channel, message_class: For which; None: for every.
        shown: The words that were agreed to.
        source: Where: a form and its version, the id of a call.
        state, zone: Where its owner said they live.
    """

    address: str
    channel: str | None = None
    message_class: MessageClass | None = None
    written: bool = False
    artificial_voice: bool = False
    given_at: datetime
    shown: str | None = None
    source: str
    state: str | None = None
    zone: str | None = None
    recorded_by: str = ""
    revoked_at: datetime | None = None


@dataclass(slots=True)
class _Reading:
    agreements: list[Agreement] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Consents:
    """
    The operator's verbs on the ledger.

    Attributes:
        channels: The names that a consent may be for.
    """

    db: Database
    clock: Clock
    ids: IdSource
    log: EventLog
    channels: Sequence[str]

    async def record(self, principal: Principal, agreements: Sequence[Agreement]) -> int:
        """
        Store consents, all or none of them; return how many were new.

        What is there already, to the word, is not stored a second time.
        """
        workspace_id, by = principal.workspace_id, principal.kid or principal.scope.value
        for each in agreements:
            self._check(each)

        def fn(tx: Tx) -> int:
            return sum(self._add(tx, workspace_id, each, by) for each in agreements)

        added = await self.db.write(fn)
        self.log.info("consent.recorded", count=added, by=by)
        return added

    async def read(self, principal: Principal, text: str) -> int:
        """
        Store the consents of a CSV with the columns of an export; all, or none.

        Raises:
            Invalid: The sentence names the first lines that are wrong, and what is.
        """
        reading = self._read(text)
        if reading.faults:
            more = len(reading.faults) - _MOST_FAULTS
            told = " ".join(reading.faults[:_MOST_FAULTS])
            raise Invalid("csv", f"{told}{f' And {more} more lines.' if more > 0 else ''}")
        return await self.record(principal, reading.agreements)

    async def of(self, principal: Principal, address: str) -> list[Agreement]:
        """Return all that whoever has an address has agreed to, the newest first."""
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> list[Agreement]:
            theirs = addresses_of(tx, workspace_id, canonical(address))
            return _found(tx, workspace_id, consents.c.address.in_(theirs))

        return await self.db.read(fn)

    async def export(self, principal: Principal) -> str:
        """Return the whole ledger as CSV."""
        workspace_id = principal.workspace_id
        found = await self.db.read(lambda tx: _found(tx, workspace_id, sa.true()), heavy=True)
        return as_csv(found)

    async def revoke(self, principal: Principal, address: str, channel: str | None) -> int:
        """Take back what was agreed to, on one channel or on all; return how much that was."""
        workspace_id, now = principal.workspace_id, self.clock.now()
        if channel is not None and channel not in self.channels:
            raise Invalid("channel", f"give one of {', '.join(self.channels)}.")
        return await self.db.write(lambda tx: revoke(tx, workspace_id, address, now, channel))

    def _check(self, agreement: Agreement) -> None:
        if agreement.channel is not None and agreement.channel not in self.channels:
            raise Invalid("channel", f"give one of {', '.join(self.channels)}.")
        if agreement.given_at > self.clock.now():
            raise Invalid("givenAt", "is in the future.")
        if not agreement.source.strip() or len(agreement.source) > _LONGEST:
            raise Invalid("source", f"say where it was given, in at most {_LONGEST} characters.")
        if len(agreement.shown or "") > _LONGEST:
            raise Invalid("shown", f"give at most {_LONGEST} characters.")
        state = agreement.state
        if state is not None and not (len(state) == 2 and state.isalpha() and state.isupper()):
            raise Invalid("state", "give two letters such as CA.")
        if agreement.zone is not None:
            try:
                ZoneInfo(agreement.zone)
            except (ValueError, KeyError, OSError):
                raise Invalid("zone", "give an IANA time zone such as Europe/London.") from None

    def _add(self, tx: Tx, workspace_id: str, given: Agreement, by: str) -> bool:
        hold(tx, "address", workspace_id, given.address)
        values = {
            "address": given.address,
            "channel": given.channel,
            "message_class": given.message_class.value if given.message_class else None,
            "written": given.written,
            "artificial_voice": given.artificial_voice,
            "given_at": given.given_at,
            "shown": given.shown,
            "source": given.source,
            "state": given.state,
            "zone": given.zone,
        }
        same = [
            consents.c[name].is_(None) if value is None else consents.c[name] == value
            for name, value in values.items()
        ]
        known = sa.select(consents.c.id).where(consents.c.workspace_id == workspace_id, *same)
        if tx.execute(known.limit(1)).first() is not None:
            return False
        tx.execute(
            sa.insert(consents).values(
                id=self.ids.new("row"),
                workspace_id=workspace_id,
                created_at=self.clock.now(),
                recorded_by=by,
                **values,
            )
        )
        return True

    def _read(self, text: str) -> _Reading:
        reading = _Reading()
        rows = csv.DictReader(io.StringIO(text), restkey=_REST, strict=True)
        try:
            missing = {"address", "givenAt", "source"} - {*(rows.fieldnames or ())}
            if missing:
                reading.faults.append(f"The columns {', '.join(sorted(missing))} are missing.")
                return reading
            for number, row in enumerate(rows, start=2):
                if number > MOST_ROWS + 1:
                    reading.faults.append(f"It has more than {MOST_ROWS:,} rows: split it.")
                    break
                self._read_row(reading, number, row)
        except csv.Error as error:
            reading.faults.append(f"It is no CSV: {error}.")
        return reading

    def _read_row(self, reading: _Reading, number: int, row: dict[str, str | None]) -> None:
        """Read one row; what is wrong is said without quoting it."""
        if _REST in row:
            reading.faults.append(f"Line {number}: it has more fields than there are columns.")
            return
        given = {name: (value or "").strip() for name, value in row.items()}
        try:
            agreement = Agreement(
                address=read_address(given["address"]),
                channel=given.get("channel") or None,
                message_class=_class(given.get("messageClass", "")),
                written=_flag("written", given.get("written", "")),
                artificial_voice=_flag("artificialVoice", given.get("artificialVoice", "")),
                given_at=_time(given["givenAt"]),
                shown=given.get("shown") or None,
                source=given["source"],
                state=given.get("state") or None,
                zone=given.get("zone") or None,
            )
            self._check(agreement)
        except Invalid as fault:
            reading.faults.append(f"Line {number}: {fault.detail}")
        else:
            if not given.get("revokedAt"):
                reading.agreements.append(agreement)


def revoke(
    tx: Tx, workspace_id: str, address: str, now: datetime, channel: str | None = None
) -> int:
    """Take back what whoever has an address has agreed to, inside the caller's transaction."""
    theirs = addresses_of(tx, workspace_id, canonical(address))
    statement = (
        sa.update(consents)
        .where(
            consents.c.workspace_id == workspace_id,
            consents.c.address.in_(theirs),
            consents.c.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    if channel is not None:
        statement = statement.where(
            sa.or_(consents.c.channel == channel, consents.c.channel.is_(None))
        )
    return tx.execute(statement).rowcount


def as_csv(found: Iterable[Agreement]) -> str:
    """Return consents as CSV; no cell can be taken for a formula but a number, which begins so."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for each in found:
        table.writerow(
            [
                each.address,
                each.channel or "",
                each.message_class.value if each.message_class else "",
                str(each.written).lower(),
                str(each.artificial_voice).lower(),
                each.given_at.isoformat(),
                _cell(each.shown or ""),
                _cell(each.source),
                each.state or "",
                each.zone or "",
                each.revoked_at.isoformat() if each.revoked_at else "",
                each.recorded_by,
            ]
        )
    return written.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _found(tx: Tx, workspace_id: str, where: sa.ColumnElement[bool]) -> list[Agreement]:
    rows = tx.execute(
        sa.select(consents)
        .where(consents.c.workspace_id == workspace_id, where)
        .order_by(consents.c.given_at.desc(), consents.c.id.desc())
    )
    return [
        Agreement(
            address=row.address,
            channel=row.channel,
            message_class=MessageClass(row.message_class) if row.message_class else None,
            written=row.written,
            artificial_voice=row.artificial_voice,
            given_at=row.given_at,
            shown=row.shown,
            source=row.source,
            state=row.state,
            zone=row.zone,
            recorded_by=row.recorded_by,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def read_address(text: str) -> str:
    """Return an address as the hub spells it; `Invalid` of what is no number and no mail's."""
    address = canonical(text.strip())
    is_number = address.startswith("+") and address[1:].isdigit() and 7 <= len(address) <= 16
    name, at, host = address.rpartition("@")
    if not is_number and not (name and at and "." in host and " " not in address):
        raise Invalid("address", "give a number in E.164, such as +14155550123, or a mail address.")
    return address


def _class(text: str) -> MessageClass | None:
    if text and text not in {*MessageClass}:
        raise Invalid("messageClass", f"give one of {', '.join(MessageClass)}.")
    return MessageClass(text) if text else None


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise Invalid(name, "give true or false.")
    return text.lower() in _TRUE


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("givenAt", "give a time with its zone, such as 2026-11-21T09:00:00Z.")
    return at
