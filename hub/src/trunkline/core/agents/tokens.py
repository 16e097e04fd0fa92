"""Bearer tokens: issued once, stored as a peppered HMAC, checked in constant time."""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from trunkline.core.agents import repository
from trunkline.core.agents.models import IssuedToken, LivingToken, Token
from trunkline.core.principal import Principal, Scope
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.problems import NotFound, Unauthenticated
from trunkline.sdk import Clock, Database, IdSource, Tx

_TOKEN: Final = re.compile(r"tl_(agent|admin)_([0-9a-f]{12})_([0-9a-f]{64})")
_NO_HASH: Final = bytes(32)
_REMEMBERED: Final = 10_000


def check_living(tx: Tx, principal: Principal) -> None:
    """Raise Unauthenticated if the token that proved a principal was revoked since."""
    if principal.kid is not None and repository.find_living_token(tx, principal.kid) is None:
        raise Unauthenticated


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
        *,
        admin_tokens: Sequence[str] = (),
        alone: bool = False,
    ) -> None:
        self._db = db
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._given = tuple(self._hash(token) for token in admin_tokens)
        self._used: dict[str, datetime] = {}
        self._alone = alone
        self._known: dict[str, LivingToken] = {}
        self._revocations = 0

    async def authenticate(self, bearer: str | None) -> Principal:
        """
        Return who a token stands for.

        Raises:
            Unauthenticated: It is missing, garbled, unknown or revoked; never told which.
        """
        if not bearer:
            raise Unauthenticated
        if any(hmac.compare_digest(self._hash(bearer), given) for given in self._given):
            return Principal(scope=Scope.ADMIN)
        parts = _TOKEN.fullmatch(bearer)
        if parts is None:
            raise Unauthenticated
        kid = parts[2]
        found = self._known.get(kid) or await self._find(kid)
        matches = hmac.compare_digest(self._hash(bearer), found.hash if found else _NO_HASH)
        if not matches or found is None or found.principal.scope != parts[1]:
            raise Unauthenticated
        self._used[kid] = self._clock.now()
        return found.principal

    async def issue(self, principal: Principal, agent_id: str | None) -> IssuedToken:
        """Issue a token for an agent, or an admin token for None. It is shown this once."""
        scope = Scope.ADMIN if agent_id is None else Scope.AGENT
        kid, secret = self._ids.secret(6).hex(), self._ids.secret(32).hex()
        text = f"tl_{scope}_{kid}_{secret}"
        token = Token(
            kid=kid,
            scope=scope,
            agent_id=agent_id,
            issued_at=self._clock.now(),
            revoked_at=None,
            last_used_at=None,
            created_by=principal.scope.value,
        )
        row_id, workspace_id = self._ids.new("row"), principal.workspace_id

        def fn(tx: Tx) -> None:
            if agent_id and repository.find_agent(tx, workspace_id, agent_id) is None:
                raise NotFound("agent")
            repository.add_token(tx, workspace_id, row_id, token, self._hash(text))

        await self._db.write(fn)
        return IssuedToken(token=text, kid=kid, agent_id=agent_id)

    async def rotate(self, principal: Principal, agent_id: str) -> IssuedToken:
        """Revoke an agent's tokens and issue a new one."""
        issued = await self.issue(principal, agent_id)
        old = [
            token.kid
            for token in await self.list(principal)
            if token.agent_id == agent_id and token.revoked_at is None and token.kid != issued.kid
        ]
        for kid in old:
            await self.revoke(principal, kid)
        return issued

    async def revoke(self, principal: Principal, kid_or_agent_id: str) -> int:
        """Revoke one token by its kid, or all of an agent's, and return how many."""
        now, workspace_id = self._clock.now(), principal.workspace_id

        def fn(tx: Tx) -> int:
            revoked = repository.revoke_tokens(tx, workspace_id, now, kid=kid_or_agent_id)
            return revoked or repository.revoke_tokens(
                tx, workspace_id, now, agent_id=kid_or_agent_id
            )

        try:
            count = await self._db.write(fn)
        finally:  # also when nobody can tell whether it was stored
            self._revocations += 1
            self._known.clear()
        if not count:
            raise NotFound("living token")
        return count

    async def list(self, principal: Principal) -> list[Token]:
        """Return every token, without secrets."""
        return await self._db.read(lambda tx: repository.list_tokens(tx, principal.workspace_id))

    async def note_uses(self) -> None:
        """Write down when tokens were used last; called once a minute rather than per request."""
        used, self._used = self._used, {}
        if used:
            await self._db.write(lambda tx: repository.mark_tokens_used(tx, used))

    async def _find(self, kid: str) -> LivingToken | None:
        revocations = self._revocations
        found = await self._db.peek(lambda tx: repository.find_living_token(tx, kid))
        if found and self._alone and revocations == self._revocations:  # none since it was read
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[kid] = found
        return found

    def _hash(self, token: str) -> bytes:
        return self._keys.digest(Purpose.TOKEN_PEPPER, token)
