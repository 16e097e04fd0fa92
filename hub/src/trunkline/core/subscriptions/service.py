"""The verbs of subscriptions: what a host asks for, and what an operator does."""

import hmac
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from trunkline.core.agents.tokens import check_living
from trunkline.core.forwarding.destinations import Destinations
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.problems import Forbidden, Invalid, LimitReached, NotFound
from trunkline.core.subscriptions import repository
from trunkline.core.subscriptions.challenge import Challenges
from trunkline.core.subscriptions.models import Standing, Subscription, Wanted
from trunkline.core.subscriptions.secrets import SecretStore, read_secret
from trunkline.db.locks import hold
from trunkline.sdk import Clock, Database, EventLog, Tx

LONGEST: Final = timedelta(days=1)
SHORTEST: Final = timedelta(minutes=5)
"""Who asks for less gets this: a host that renews every second is no use to anybody."""
MOST_OF_A_TOKEN: Final = 50
ROTATION: Final = timedelta(minutes=5)
"""For so long after a change of its secret the one before signs too."""
_LONGEST_URL: Final = 2_048
_OVER: Final = "The subscription was ended."


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Makes, renews and ends subscriptions. Each belongs to the token that made it."""

    db: Database
    destinations: Destinations
    challenges: Challenges
    secrets: SecretStore
    clock: Clock
    log: EventLog

    async def subscribe(
        self, principal: Principal, wanted: Wanted, secret: str, ttl: timedelta | None
    ) -> Subscription:
        """
        Make a subscription, or renew it: the same token, URL, event and arguments are the same one.

        Its URL is challenged first, unless it has proven itself to this token with this secret and
        that subscription lives.

        Raises:
            Forbidden: The token cannot be revoked, so nothing could end with it.
            Invalid: The URL or the secret will not do.
            CallbackUnproven: The URL did not repeat the challenge.
            LimitReached: The token has too many, or has had too many challenges.
            Unauthenticated: The token was revoked meanwhile.
        """
        kid, workspace_id = _kid_of(principal), principal.workspace_id
        fault = self._fault(wanted.url)
        if fault:
            raise Invalid("delivery.url", fault)
        key, id_ = read_secret(secret), id_of(workspace_id, kid, wanted)
        now = self.clock.now()
        mine = await self.db.read(lambda tx: repository.of_token(tx, workspace_id, kid, now))
        _check_room(mine, id_)
        if not self._is_proven(workspace_id, mine, wanted.url, key):
            await self.challenges.put(kid, wanted.url, id_, key)
        now = self.clock.now()
        lasts = LONGEST if ttl is None else max(SHORTEST, min(ttl, LONGEST))
        fresh = Subscription(
            id=id_,
            created_at=now,
            kid=kid,
            wanted=wanted,
            secret=self.secrets.seal(workspace_id, id_, key),
            previous_secret=None,
            previous_until=None,
            expires_at=now + lasts,
        )

        def fn(tx: Tx) -> Subscription:
            hold(tx, "subscriptions", workspace_id, kid)
            check_living(tx, principal, now)
            mine = repository.of_token(tx, workspace_id, kid, now)
            _check_room(mine, id_)
            before = next((each for each in mine if each.id == id_), None)
            stored = self._renewed(workspace_id, before, fresh, key, now) if before else fresh
            repository.put(tx, workspace_id, stored)
            return stored

        stored = await self.db.write(fn)
        self.log.info(
            "subscription.made",
            subscriptionId=id_,
            agentId=wanted.agent_id,
            subscribedTo=wanted.event.value,
        )
        return stored

    async def unsubscribe(self, principal: Principal, wanted: Wanted) -> None:
        """End a subscription; NotFound if the token has none such."""
        kid = _kid_of(principal)
        await self.end(principal, id_of(principal.workspace_id, kid, wanted))

    async def end(self, principal: Principal, subscription_id: str) -> None:
        """End a subscription by its id, and what is on its way with it."""
        now, workspace_id = self.clock.now(), principal.workspace_id
        ended = await self.db.write(
            lambda tx: repository.end(tx, workspace_id, subscription_id, _OVER, now)
        )
        if not ended:
            raise NotFound("subscription")
        self.log.info("subscription.ended", subscriptionId=subscription_id)

    async def newest(self, principal: Principal, limit: int) -> list[Standing]:
        """Return the living subscriptions and how each stands, newest first."""
        now = self.clock.now()
        return await self.db.read(
            lambda tx: repository.newest(tx, principal.workspace_id, limit, now)
        )

    async def sweep(self) -> int:
        """Forget what has expired or whose token was revoked; return how many that were."""
        now = self.clock.now()
        return await self.db.write(lambda tx: repository.sweep(tx, now))

    def _fault(self, url: str) -> str | None:
        if len(url) > _LONGEST_URL:
            return f"give at most {_LONGEST_URL} characters."
        return self.destinations.fault(url)

    def _is_proven(
        self, workspace_id: str, mine: list[Subscription], url: str, secret: bytes
    ) -> bool:
        return any(
            each.wanted.url == url and self._is_secret_of(workspace_id, each, secret)
            for each in mine
        )

    def _is_secret_of(self, workspace_id: str, known: Subscription, secret: bytes) -> bool:
        try:
            return hmac.compare_digest(self.secrets.secret_of(workspace_id, known), secret)
        except Unreadable:  # the row was damaged, and is written anew
            return False

    def _renewed(
        self,
        workspace_id: str,
        before: Subscription,
        fresh: Subscription,
        secret: bytes,
        now: datetime,
    ) -> Subscription:
        """Return a living subscription with a new life, and maybe a new secret."""
        if self._is_secret_of(workspace_id, before, secret):
            return replace(before, expires_at=fresh.expires_at)
        return replace(
            fresh,
            created_at=before.created_at,
            previous_secret=before.secret,
            previous_until=now + ROTATION,
        )


def id_of(workspace_id: str, kid: str, wanted: Wanted) -> str:
    """Return a subscription's id: who asks for what, and where it goes. It permits nothing."""
    parts = (
        workspace_id,
        kid,
        wanted.url,
        wanted.event.value,
        wanted.agent_id,
        wanted.channel,
        wanted.status,
    )
    return f"sub_{sha256(json.dumps(parts).encode()).hexdigest()[:32]}"


def _kid_of(principal: Principal) -> str:
    if principal.kid is None:
        raise Forbidden(
            "A subscription ends with its token, and this one cannot be revoked. Use one that "
            "`trunkline tokens issue` made."
        )
    return principal.kid


def _check_room(mine: list[Subscription], id_: str) -> None:
    if len(mine) >= MOST_OF_A_TOKEN and all(each.id != id_ for each in mine):
        raise LimitReached(
            "subscriptions",
            MOST_OF_A_TOKEN,
            f"A token may have {MOST_OF_A_TOKEN} subscriptions. End one with events/unsubscribe.",
            None,
        )
