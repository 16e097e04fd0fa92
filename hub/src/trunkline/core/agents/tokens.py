"""Bearer tokens: issued once, stored as a peppered HMAC, checked in constant time."""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from trunkline.core.agents import repository, token_rows
from trunkline.core.agents.guessing import Guessing
from trunkline.core.agents.models import IssuedToken, StoredToken, Token
from trunkline.core.audit.models import Detail, Details
from trunkline.core.audit.service import Audit
from trunkline.core.principal import WHOLE, Address, Grant, Principal, Role, Scope
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.problems import Invalid, NotFound, Unauthenticated
from trunkline.db.locks import hold
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

_TOKEN: Final = re.compile(r"tl_(agent|admin)_([0-9a-f]{12})_([0-9a-f]{64})")
_NO_HASH: Final = bytes(32)
_REMEMBERED: Final = 10_000
OLD: Final = timedelta(days=90)
"""Whoever has a token for so long is reminded to rotate it."""
LONGEST_DAYS: Final = 3_650
LONGEST_OVERLAP_S: Final = 30 * 86_400

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What a token shall be.

    Attributes:
        agent_id: Whose; None for an admin's, which has a `role`.
        days: For how long it is good; None for ever.
    """

    agent_id: str | None
    role: Role = Role.ADMIN
    days: int | None = None
    grant: Grant = WHOLE


def check_living(tx: Tx, principal: Principal, now: datetime) -> datetime | None:
    """
    Return when the token that proved a principal ends by itself.

    Raises:
        Unauthenticated: It has ended, or was revoked.
    """
    if principal.kid is None:
        return None
    found = token_rows.find_token(tx, principal.kid)
    if found is None or not found.is_living(now):
        raise Unauthenticated
    return found.principal.expires_at


class Tokens:
    """
    Issues, checks and revokes tokens.

    `admin_tokens` are accepted as they stand, beside the issued ones. A revocation counts from the
    next request on, and ends what is held for the token: waits and streams. So tokens are
    remembered only where `alone` says that no other hub can revoke one: on an embedded database.
    """

    def __init__(
        self,
        db: Database,
        keys: Keys,
        clock: Clock,
        ids: IdSource,
        log: EventLog,
        audit: Audit,
        begins: Callable[[Tx, str, str, Grant, str | None], None],
        *,
        admin_tokens: Sequence[str] = (),
        alone: bool = False,
    ) -> None:
        """`begins` is told of a token that may spend so much, and of the one in whose place."""
        self._begins = begins
        self._db = db
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._log = log
        self._audit = audit
        self._given = tuple(self._hash(token) for token in admin_tokens)
        self._used: dict[str, datetime] = {}
        self._alone = alone
        self._known: dict[str, StoredToken] = {}
        self._changes = 0
        self._guessing = Guessing(clock)
        self._reminded_at: datetime | None = None

    async def authenticate(self, bearer: str | None, address: Address | None = None) -> Principal:
        """
        Return who a token stands for; `address` is where it came from, over a network.

        Raises:
            Unauthenticated: It is missing, garbled, unknown, revoked or over; never told which.
            TooManyAttempts: There were too many wrong ones from there.
        """
        if not bearer:
            raise Unauthenticated
        hashed, parts = self._hash(bearer), _TOKEN.fullmatch(bearer)
        kid = parts[2] if parts else None
        self._guessing.check(address, kid, hashed)
        if any(hmac.compare_digest(hashed, given) for given in self._given):
            self._guessing.was_right(address, hashed)
            return Principal(scope=Scope.ADMIN)
        found = (self._known.get(kid) or await self._find(kid)) if kid else None
        matches = hmac.compare_digest(hashed, found.hash if found else _NO_HASH)
        if not matches or found is None or parts is None or found.principal.scope != parts[1]:
            self._guessing.was_wrong(address, kid, hashed)
            raise Unauthenticated
        now = self._clock.now()
        if not found.is_living(now):
            raise Unauthenticated  # no guess: whoever sent it had it
        self._guessing.was_right(address, hashed)
        self._used[found.kid] = now
        return found.principal

    async def issue(self, principal: Principal, wish: Wish) -> IssuedToken:
        """Issue a token. It is shown this once."""
        now = self._clock.now()
        expires_at = None
        if wish.days is not None:
            if not 1 <= wish.days <= LONGEST_DAYS:
                raise Invalid("days", f"give 1 to {LONGEST_DAYS}.")
            expires_at = now + timedelta(days=wish.days)
        issued, token = self._made(principal, wish.agent_id, wish.role, wish.grant, now, expires_at)

        def fn(tx: Tx) -> None:
            self._add(tx, principal.workspace_id, issued, token)
            self._record(tx, principal, "token.issued", token, lastsDays=wish.days)

        await self._db.write(fn)
        return issued

    async def issue_first(self, principal: Principal, agent_id: str) -> str | None:
        """Issue an agent a token, unless it has one that is good; of several at once only one."""
        workspace_id, now = principal.workspace_id, self._clock.now()

        def fn(tx: Tx) -> str | None:
            hold(tx, "first token", workspace_id, agent_id)
            if token_rows.has_living_token(tx, workspace_id, agent_id, now):
                return None
            issued, token = self._made(principal, agent_id, Role.ADMIN, WHOLE, now, None)
            self._add(tx, workspace_id, issued, token)
            return issued.token

        return await self._db.write(fn)

    async def rotate(
        self, principal: Principal, agent_id: str, overlap_s: int, days: int | None
    ) -> IssuedToken:
        """
        Issue an agent a token in the place of its others, which end after the overlap.

        It is for what the newest of them is for, and for as long, unless `days` says otherwise.
        """
        if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
            raise Invalid("overlapS", f"give 0 to {LONGEST_OVERLAP_S} seconds.")
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            raise Invalid("days", f"give 1 to {LONGEST_DAYS}.")
        workspace_id, now = principal.workspace_id, self._clock.now()

        def fn(tx: Tx) -> IssuedToken:
            living = [
                each
                for each in token_rows.list_tokens(tx, workspace_id)
                if each.agent_id == agent_id and each.is_living(now)
            ]
            newest = living[-1] if living else None
            lasts = None if newest is None or newest.expires_at is None else newest.lasts
            if days is not None:
                lasts = timedelta(days=days)
            issued, token = self._made(
                principal,
                agent_id,
                Role.ADMIN,
                newest.grant if newest else WHOLE,
                now,
                None if lasts is None else now + lasts,
            )
            self._add(tx, workspace_id, issued, token, newest.kid if newest else None)
            for each in living:
                if overlap_s:
                    end = now + timedelta(seconds=overlap_s)
                    token_rows.end_token(tx, workspace_id, each.kid, end)
                else:
                    token_rows.revoke_tokens(tx, workspace_id, now, kid=each.kid)
            before = [each.kid for each in living]
            self._record(tx, principal, "token.rotated", token, before=before, overlapS=overlap_s)
            return issued

        return await self._changed(fn)

    async def revoke(self, principal: Principal, kid_or_agent_id: str) -> int:
        """Revoke one token by its kid, or all of an agent's, and return how many."""
        now, workspace_id = self._clock.now(), principal.workspace_id

        def fn(tx: Tx) -> int:
            revoked = token_rows.revoke_tokens(tx, workspace_id, now, kid=kid_or_agent_id)
            revoked = revoked or token_rows.revoke_tokens(
                tx, workspace_id, now, agent_id=kid_or_agent_id
            )
            if revoked:
                details = {"count": revoked}
                self._audit.act(tx, principal, "token.revoked", kid_or_agent_id, details)
            return revoked

        count = await self._changed(fn)
        if not count:
            raise NotFound("living token")
        return count

    async def list(self, principal: Principal) -> list[Token]:
        """Return every token, without secrets."""
        return await self._db.read(lambda tx: token_rows.list_tokens(tx, principal.workspace_id))

    async def note_uses(self) -> None:
        """Write down when tokens were used last; called once a minute rather than per request."""
        used, self._used = self._used, {}
        if used:
            await self._db.write(lambda tx: token_rows.mark_tokens_used(tx, used))

    async def remind(self) -> Sequence[str]:
        """
        Say once a day in the log which tokens should be rotated.

        Returns whose they are: agents, and nobody for an admin's.
        """
        now = self._clock.now()
        if self._reminded_at is not None and now - self._reminded_at < timedelta(days=1):
            return ()
        self._reminded_at = now
        old = await self._db.read(lambda tx: token_rows.old_tokens(tx, now - OLD, now))
        for each in old:
            self._log.warning("token.old", kid=each.kid, agentId=each.agent_id or "")
        return sorted({each.agent_id or "" for each in old})

    def _made(
        self,
        by: Principal,
        agent_id: str | None,
        role: Role,
        grant: Grant,
        now: datetime,
        expires_at: datetime | None,
    ) -> tuple[IssuedToken, Token]:
        scope = Scope.ADMIN if agent_id is None else Scope.AGENT
        kid, secret = self._ids.secret(6).hex(), self._ids.secret(32).hex()
        token = Token(
            kid=kid,
            scope=scope,
            agent_id=agent_id,
            role=role if scope is Scope.ADMIN else None,
            grant=grant,
            issued_at=now,
            expires_at=expires_at,
            revoked_at=None,
            last_used_at=None,
            created_by=by.scope.value,
        )
        text = f"tl_{scope}_{kid}_{secret}"
        return IssuedToken(token=text, kid=kid, agent_id=agent_id, expires_at=expires_at), token

    def _add(
        self,
        tx: Tx,
        workspace_id: str,
        issued: IssuedToken,
        token: Token,
        instead_of: str | None = None,
    ) -> None:
        if token.agent_id and repository.find_agent(tx, workspace_id, token.agent_id) is None:
            raise NotFound("agent")
        row_id, hashed = self._ids.new("row"), self._hash(issued.token)
        token_rows.add_token(tx, workspace_id, row_id, token, hashed)
        if token.grant.is_capped:
            self._begins(tx, workspace_id, token.kid, token.grant, instead_of)

    def _record(
        self, tx: Tx, by: Principal, event_type: str, token: Token, **details: Detail
    ) -> None:
        of = token.agent_id or token.scope.value
        told: Details = {"of": of, "role": token.role.value if token.role else None, **details}
        self._audit.act(tx, by, event_type, token.kid, told)

    async def _changed(self, fn: Callable[[Tx], T]) -> T:
        """Return what a change of tokens gives; none is remembered from before it."""
        try:
            return await self._db.write(fn)
        finally:  # also when nobody can tell whether it was stored
            self._changes += 1
            self._known.clear()

    async def _find(self, kid: str) -> StoredToken | None:
        changes = self._changes
        found = await self._db.peek(lambda tx: token_rows.find_token(tx, kid))
        if found and self._alone and changes == self._changes:  # none since it was read
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[kid] = found
        return found

    def _hash(self, token: str) -> bytes:
        return self._keys.digest(Purpose.TOKEN_PEPPER, token)
