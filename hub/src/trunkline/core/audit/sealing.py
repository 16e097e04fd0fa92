"""What goes on behind the pen: rows of a server's database are sealed, the record is signed."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from trunkline.audit_verifier import Row
from trunkline.core.audit import repository
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.repository import Head
from trunkline.core.audit.witness import Witness
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.trouble import tell_trouble
from trunkline.db.hot import both
from trunkline.db.locks import hold
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

SIGN_ROWS: Final = 1_000
SIGN_AFTER: Final = timedelta(seconds=60)
"""The record is signed when it has grown by so much, or for so long."""
ROWS: Final = 1_000
"""So many rows are sealed in one transaction."""
ON_A_SERVER_S: Final = 0.5
IN_A_FILE_S: Final = 5.0
"""How often there is a look; in a file rows are sealed already."""
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
"""How the log writes a hash: what looks like a secret would be masked."""


class _Look(NamedTuple):
    """How the record stands: whether rows wait, how far it goes, how far and when it was signed."""

    waits: bool
    head: Head
    signed: tuple[int, datetime] | None


class Sealer:
    """
    Seals and signs, and writes down beside the database what was signed.

    On a server any hub may do it, one at a time: a row that its act's transaction sealed would make
    every other act wait for it.
    """

    def __init__(
        self,
        db: Database,
        chain: Chain,
        witness: Witness,
        clock: Clock,
        ids: IdSource,
        log: EventLog,
    ) -> None:
        self._db = db
        self._chain = chain
        self._witness = witness
        self._clock = clock
        self._ids = ids
        self._log = log
        self._on_a_server = False
        self._foreign: set[str] = set()
        self._written_until: datetime | None = None
        self._is_told = False

    async def run(self) -> None:
        """Seal and sign until cancelled."""
        while True:
            try:
                await self.turn()
            except Exception as error:  # noqa: BLE001 - acts are recorded; this is done again
                tell_trouble(self._log, "audit.not_sealed", error)
            await self._clock.sleep(ON_A_SERVER_S if self._on_a_server else IN_A_FILE_S)

    async def turn(self) -> None:
        """Seal what waits; sign what has grown; see that the file beside has what was signed."""
        look = await self._db.peek(self._look)
        if look.waits:
            await self._seal_all()
        if look.waits or self._is_due(look.head, look.signed):
            await self._db.write(self._sign)
            look = await self._db.peek(self._look)
        if look.signed is not None:
            await self._write_down(look.signed[1])

    def _look(self, tx: Tx) -> _Look:
        self._on_a_server = tx.pipeline is not None
        of = DEFAULT_WORKSPACE
        asked = both(repository.is_waiting(of), both(repository.head(of), repository.signed(of)))
        waits, (head, signed) = asked.ask(tx)
        return _Look(waits, head, signed)

    async def _seal_all(self) -> None:
        """Seal what waits, a page at a time; what no hub wrote stays, for `audit verify`."""
        after, foreign = "", set[str]()
        while True:
            seen, not_ours = await self._db.write(partial(self._seal, after))
            foreign |= not_ours
            if len(seen) < ROWS:
                break
            after = seen[-1]
        if foreign - self._foreign:
            self._log.error("audit.rows_not_ours", count=len(foreign))
        self._foreign = foreign

    def _is_due(self, head: Head, signed: tuple[int, datetime] | None) -> bool:
        if signed is None:
            return head[0] > 0
        seq, at = signed
        grown = head[0] - seq
        # A clock that was set back must not keep the record from being signed.
        return grown >= SIGN_ROWS or (grown != 0 and abs(self._clock.now() - at) >= SIGN_AFTER)

    def _seal(self, after: str, tx: Tx) -> tuple[list[str], set[str]]:
        """Seal some rows; return the ids of those it saw, and of those that no hub wrote."""
        hold(tx, "audit", DEFAULT_WORKSPACE)
        head = repository.head(DEFAULT_WORKSPACE).ask(tx)
        rows = repository.unsealed_after(tx, DEFAULT_WORKSPACE, after, ROWS)
        foreign = {row.id for row in rows if not self._chain.is_ours(row)}
        sealed: list[Row] = []
        for row in rows:
            if row.id not in foreign:
                sealed.append(self._chain.sealed(row, head))
                head = (sealed[-1].seq, sealed[-1].row_hash)
        if sealed:
            repository.seal(tx, sealed)
        return [row.id for row in rows], foreign

    def _sign(self, tx: Tx) -> None:
        hold(tx, "audit", DEFAULT_WORKSPACE)
        look = self._look(tx)
        if self._is_due(look.head, look.signed):
            now = self._clock.now()
            made = self._chain.sign(DEFAULT_WORKSPACE, look.head, now)
            repository.add_checkpoint(tx, self._ids.new("row"), made, now)

    async def _write_down(self, signed_at: datetime) -> None:
        """Add to the file beside, and to the log, what they lack."""
        try:
            if not self._witness.path.exists():
                self._written_until = None
            elif self._written_until is None:
                self._written_until = self._until()
            if self._written_until is not None and signed_at <= self._written_until:
                return
            since = self._written_until
            found = await self._db.read(
                lambda tx: repository.checkpoints(tx, DEFAULT_WORKSPACE, since=since), heavy=True
            )
            ours = [each for each in found if self._chain.is_signed(each)]
            self._witness.add(ours)
        except OSError as error:
            if not self._is_told:
                self._log.error("audit.file_not_written", error_type=type(error).__name__)
            self._is_told = True
            return
        self._is_told, self._written_until = False, signed_at
        for each in ours[-1:]:
            mark = each.row_hash.hex().translate(_LETTERS)
            self._log.info("audit.signed", seq=each.seq, head=mark)

    def _until(self) -> datetime | None:
        signed, _ = self._witness.read()
        times = [each.timestamp for each in signed if each.public_key == self._chain.public_key]
        return datetime.fromisoformat(times[-1]) if times else None
