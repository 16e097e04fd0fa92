"""The examination of a hub: what it rests on, how it is reached, and whether its counts balance."""

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2
import sqlalchemy as sa

from trunkline import __version__
from trunkline.core.agents import token_rows
from trunkline.core.agents.tokens import OLD
from trunkline.core.connections.clocks import VendorClocks
from trunkline.core.connections.registry import Connections
from trunkline.core.connections.troubles import Troubles
from trunkline.core.connections.uncalled import not_set
from trunkline.core.connections.verification import Held, Verification, Verified
from trunkline.core.doctor import counts
from trunkline.core.doctor.models import Finding, bad, look, ok
from trunkline.core.engine.marks import set_mark
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.db import migrate
from trunkline.db.types import UtcTime
from trunkline.egress import open_client
from trunkline.sdk import (
    KINDS,
    Clock,
    Database,
    DatabaseFailed,
    EventLog,
    IdSource,
    Overloaded,
    Tx,
)

CLOCKS_DIFFER_S: Final = 5.0
PROVIDERS_CLOCK_S: Final = 30.0
"""Its answers tell whole seconds, and take their time."""
LITTLE_SPACE: Final = 500 * 1024 * 1024
_ANSWER_S: Final = 10.0
_MOST_NAMED: Final = 10
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """
    Examines a hub; nothing is sent and nothing but a mark is written.

    Attributes:
        public_url, is_public: Where the hub is reached; whether the settings say so.
    """

    db: Database
    connections: Connections
    vendor_clocks: VendorClocks
    troubles: Troubles
    verification: Verification
    keys: Keys
    clock: Clock
    ids: IdSource
    log: EventLog
    data_dir: Path
    public_url: str
    is_public: bool

    async def examine(self, principal: Principal) -> list[Finding]:
        """Return what there is to say, the most basic first."""
        now = self.clock.now()
        database = await self._database(principal, now)
        found = [self._disk(), *database]
        if all(finding.verdict != "bad" for finding in database):
            counted = await self.db.read(
                lambda tx: counts.count(tx, principal.workspace_id, now), heavy=True
            )
            found += counts.findings(counted)
            old = await self.db.read(lambda tx: token_rows.old_tokens(tx, now - OLD, now))
            found.append(_of_old_tokens([each.kid for each in old]))
        found += [each async for each in self._connections()]
        return [*found, await self._public_url()]

    def proof(self, question: str) -> str:
        """Return what only a hub with this master key can answer."""
        return self.keys.digest(Purpose.PROBE, question).hex()

    def _disk(self) -> Finding:
        free = shutil.disk_usage(self.data_dir).free
        told = f"{free // 1024**2} MB are free where the data directory lies"
        if free < LITTLE_SPACE:
            return look("disk", f"{told}: free some space, a full disk stops every send.")
        return ok("disk", told)

    async def _database(self, principal: Principal, now: datetime) -> list[Finding]:
        def fn(tx: Tx) -> tuple[str | None, datetime]:
            row_id = self.ids.new("row")
            set_mark(tx, principal.workspace_id, row_id, "examined", now.isoformat(), now)
            return migrate.current(tx), _time_of(tx)

        try:
            revision, theirs = await self.db.write(fn)
        except (DatabaseFailed, Overloaded) as error:
            return [bad("database", f"It takes no writes: {error}")]
        found = [ok("database", f"it takes writes, at revision {revision}")]
        if revision != migrate.HEAD:
            found = [
                bad(
                    "database",
                    f"It is at revision {revision} and this hub needs {migrate.HEAD}: another hub "
                    "changed it. Use one version everywhere.",
                )
            ]
        apart_s = abs((theirs - now).total_seconds())
        if apart_s > CLOCKS_DIFFER_S:
            sentence = (
                f"The clocks of this machine and of the database are {apart_s:.0f} s apart: let "
                "both follow a time server, or schedules and signatures go wrong."
            )
            return [*found, look("clock", sentence)]
        return [*found, ok("clock", "this machine and the database agree")]

    async def _connections(self) -> AsyncIterator[Finding]:
        missing = self.connections.missing()
        sending = [each for each in self.connections.all() if KINDS[each.kind].channels]
        if not missing and not sending:
            yield look("connections", "None is configured, so nothing can be sent.")
        for name, why in missing.items():
            yield bad(f"connection {name}", why)
        for each in await self.verification.verify(self.connections.all()):
            yield self._connection(each)
            ahead = self.vendor_clocks.ahead(each.connection)
            if ahead is not None and abs(ahead.total_seconds()) > PROVIDERS_CLOCK_S:
                yield look(_subject(each), _apart(ahead))

    def _connection(self, verified: Verified) -> Finding:
        subject, trouble = _subject(verified), self.troubles.of(verified.connection)
        connection = self.connections.find(verified.connection, verified.kind)
        assert connection is not None  # it is one of them
        if verified.held is Held.NO:
            return bad(subject, verified.sentence)
        if trouble is not None:
            since = trouble.since.isoformat(timespec="seconds")
            return bad(subject, f"{trouble.sentence} It has been so since {since}.")
        can = ", ".join(sorted(connection.spec.capabilities))
        told = f"{verified.provider}: {can}"
        if verified.held is Held.UNTOLD:
            return ok(subject, told)
        is_limited = verified.account is not None and verified.account.notes
        return (look if is_limited else ok)(subject, f"{told}. {verified.sentence}")

    async def _public_url(self) -> Finding:
        """Ask whoever answers at the hub's own address for what only this hub can say."""
        subject, question = "public URL", self.ids.secret(16).hex()
        try:
            async with open_client(
                total_s=_ANSWER_S, allow=[self.public_url], log=self.log
            ) as client:
                answer = await client.get(f"{self.public_url}/health", params={"probe": question})
            told = answer.json() if answer.is_success else {}
        except httpx2.HTTPError as error:
            sentence = f"{self.public_url} cannot be asked: {error} Start the hub, or see to "
            return bad(subject, f"{sentence}the proxy in front of it.")
        except ValueError:
            told = {}
        if not isinstance(told, dict) or told.get("probe") != self.proof(question):
            return bad(
                subject,
                f"Somebody else answers at {self.public_url}: webhooks do not reach this hub. "
                "Correct server.public_url or the proxy.",
            )
        if told.get("version") != __version__:
            sentence = f"A hub of version {told.get('version')} answers, and this is {__version__}."
            return look(subject, sentence)
        return self._reached(subject)

    def _reached(self, subject: str) -> Finding:
        """Say who can reach the address, which leads to this hub."""
        url, uncalled = urlsplit(self.public_url), self.connections.calling()
        if uncalled and not self.is_public:
            return look(subject, f"{not_set(uncalled)} Until then it is {self.public_url}.")
        if url.hostname in _LOOPBACK:
            sentence = f"{self.public_url} is for this machine only: no provider elsewhere can call"
            return look(subject, f"{sentence}. Set server.public_url.")
        if url.scheme != "https":
            return look(subject, f"{self.public_url} is not https: others can read what comes in.")
        return ok(subject, f"{self.public_url} leads to this hub")


def _of_old_tokens(kids: Sequence[str]) -> Finding:
    if not kids:
        return ok("tokens", f"none is older than {OLD.days} days")
    named = ", ".join(kids[:_MOST_NAMED])
    sentence = f"{len(kids)} are older than {OLD.days} days: {named}. Rotate them"
    return look("tokens", f"{sentence}: `trunkline tokens rotate AGENT --overlap-s 86400`.")


def _subject(verified: Verified) -> str:
    return f"connection {verified.connection} ({verified.kind})"


def _apart(ahead: timedelta) -> str:
    seconds = round(ahead.total_seconds())
    word = "ahead of" if seconds > 0 else "behind"
    return (
        f"The provider's clock is {abs(seconds)} s {word} this machine's: let this machine follow "
        "a time server. Look-ups allow for it; signatures that hold for minutes may not."
    )


def _time_of(tx: Tx) -> datetime:
    """Return the time by the database's clock."""
    if tx.connection.dialect.name == "sqlite":
        text = sa.func.strftime("%Y-%m-%dT%H:%M:%fZ", "now", type_=UtcTime)
        statement = sa.select(text)
    else:
        statement = sa.select(sa.func.clock_timestamp(type_=UtcTime))
    told: datetime = tx.execute(statement).scalar_one()
    return told
