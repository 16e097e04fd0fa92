"""What is remembered of tokens, and for how long."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from trunkline.core.agents.tokens import Tokens, Wish
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.service import Audit
from trunkline.core.principal import Principal, Scope
from trunkline.core.privacy.keys import Keys
from trunkline.core.problems import Unauthenticated
from trunkline.db.migrate import bring_up_to_date
from trunkline.loading import load_plugins
from trunkline.sdk import Database, DatabaseContext, IdSource, SystemClock, Tx
from trunkline.testing import RecordingLog

T = TypeVar("T")
OPERATOR = Principal(scope=Scope.LOCAL)


class Held(Database):
    """A database whose reads are told only after `release`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.read_one = asyncio.Event()
        self.release = asyncio.Event()

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        return await self._db.write(fn, key=key)

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        value = await self._db.read(fn, heavy=heavy)
        self.read_one.set()
        await self.release.wait()
        return value


async def test_a_token_that_is_revoked_while_it_is_read_is_not_remembered(tmp_path: Path) -> None:
    clock = SystemClock()
    context = DatabaseContext(data_dir=tmp_path, clock=clock, log=RecordingLog())
    spec = load_plugins().databases["sqlite"]
    async with spec.open("sqlite:///trunkline.db", context) as db:
        await bring_up_to_date(db, embedded=True, allowed=True)
        held = Held(db)
        keys, ids = Keys(os.urandom(32)), IdSource(clock)
        audit = Audit(Chain(keys), clock, ids)
        tokens = Tokens(held, keys, clock, ids, RecordingLog(), audit, lambda *_: None, alone=True)
        issued = await tokens.issue(OPERATOR, Wish(agent_id=None))
        first = asyncio.create_task(tokens.authenticate(issued.token))
        await held.read_one.wait()
        await tokens.revoke(OPERATOR, issued.kid)
        held.release.set()
        await first  # it began before

        with pytest.raises(Unauthenticated):
            await tokens.authenticate(issued.token)
