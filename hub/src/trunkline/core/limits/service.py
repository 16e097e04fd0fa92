"""The verbs of limits: ask, reserve, correct, and what an operator sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy.exc import IntegrityError

from trunkline.core.addresses import canonical
from trunkline.core.agents import repository as agents
from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.audit.service import Audit
from trunkline.core.limits import judging, repository
from trunkline.core.limits.models import (
    ACTION_WINDOWS,
    NO_LIMITS,
    SPEND_WINDOWS,
    TOKEN,
    WORKSPACE,
    Account,
    Allowance,
    Counters,
    Exceeded,
    Limits,
    Use,
    Wish,
)
from trunkline.core.limits.windows import Window
from trunkline.core.principal import Grant, Principal
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.problems import NotFound, SpendCap
from trunkline.db.hot import Question, both
from trunkline.metrics import Metrics
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

_ANY_CHANNEL: Final = "*"
_CONTACT: Final = 32
_PREFIX: Final = 12
"""So long pseudonyms are: of numbers, and of what they begin with."""
_NEAR: Final = 80
_MORE: Final = 101
"""Per cent of a cap of which operators hear; what is refused at it, they hear of as well."""
_LOCAL_DIGITS: Final = 4
"""So many digits at a number's end tell one line from another of the same range."""

Change = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class LimitKeeper:
    """
    Knows what agents may do and spend, and keeps count.

    Attributes:
        for_new: What a new agent may; `NO_LIMITS` lets it do anything, uncounted.
        most_prefixes: In how many ranges of numbers an agent may act within ten minutes.
    """

    db: Database
    keys: Keys
    clock: Clock
    ids: IdSource
    log: EventLog
    metrics: Metrics
    audit: Audit
    alarms: Alarms
    for_new: Limits
    most_prefixes: int | None

    # --- in the transaction of an act -------------------------------------------------------------

    def allowance(
        self,
        workspace_id: str,
        agent_id: str,
        called: str | None,
        token: str | None = None,
        *,
        hold: bool,
    ) -> Question[Allowance]:
        """
        Ask what an agent may still do; `called` is the number of a call, `token` one with caps.

        With `hold` nobody else reserves anything of it until the transaction ends.
        """
        accounts = repository.accounts_of(workspace_id, agent_id, token, hold=hold)
        if called is None:
            return accounts.then(lambda found: Allowance(accounts=found))
        contact = self._pseudonym(workspace_id, called)
        calls = repository.calls_to(workspace_id, agent_id, contact, "voice")
        return both(accounts, calls).then(
            lambda found: Allowance(accounts=found[0], calls=found[1])
        )

    def contacts(self, workspace_id: str, recipient: str) -> Question[Window]:
        """Ask how often anybody has acted towards a recipient within a day, on any channel."""
        contact = self._pseudonym(workspace_id, recipient)
        return repository.calls_to(workspace_id, WORKSPACE, contact, _ANY_CHANNEL)

    def count_contact(self, tx: Tx, workspace_id: str, recipient: str, contacts: Window) -> None:
        """Count one more act towards a recipient, of whom nobody else counts one meanwhile."""
        now_ms = self._now_ms()
        repository.count_call(
            tx,
            workspace_id,
            self.ids.new("row"),
            WORKSPACE,
            self._pseudonym(workspace_id, recipient),
            _ANY_CHANNEL,
            contacts.at(now_ms).with_(now_ms, 1),
            self.clock.now(),
        )

    def wish(
        self,
        workspace_id: str,
        channel: str,
        recipient: str,
        cost_micros: int | None,
        minutes: int | None,
    ) -> Wish:
        """Return an act as limits see it; nothing of it tells whom it reaches."""
        is_number = recipient.startswith("+") and recipient[1:].isdigit()
        prefix = None
        if is_number:
            prefix = self._pseudonym(workspace_id, recipient[:-_LOCAL_DIGITS])[:_PREFIX]
        return Wish(channel=channel, cost_micros=cost_micros, minutes=minutes, prefix=prefix)

    def exceeded(self, allowance: Allowance, wish: Wish) -> Exceeded | None:
        """Return the limit that an act would be over."""
        return judging.exceeded(allowance, wish, self._now_ms())

    def overspent(self, allowance: Allowance) -> bool:
        """Tell whether an agent has spent more by now than it may."""
        return judging.overspent(allowance, self._now_ms()) is not None

    def hurries(self, allowance: Allowance, wish: Wish) -> bool:
        """Tell whether an act would be in one range of numbers too many for ten minutes."""
        most = self.most_prefixes
        return most is not None and judging.prefixes(allowance, wish, self._now_ms()) > most

    def reserve(
        self,
        tx: Tx,
        workspace_id: str,
        agent_id: str,
        allowance: Allowance,
        wish: Wish,
        called: str | None,
    ) -> Allowance:
        """Count an act of an agent that is held, and return what it may still do."""
        now, now_ms = self.clock.now(), self._now_ms()
        accounts = tuple(
            replace(each, counters=judging.with_act(each, wish, now_ms))
            for each in allowance.accounts
        )
        for before, each in zip(allowance.accounts, accounts, strict=True):
            repository.count(tx, workspace_id, each.agent_id, each.counters)
            self._warn(tx, workspace_id, before, each.counters)
        calls = allowance.calls
        if accounts and called is not None and calls is not None:
            at_ms = max(each.counters.last_ms for each in accounts)
            calls = calls.at(at_ms).with_(at_ms, 1)
            contact, row_id = self._pseudonym(workspace_id, called), self.ids.new("row")
            repository.count_call(tx, workspace_id, row_id, agent_id, contact, "voice", calls, now)
        return Allowance(accounts=accounts, calls=calls)

    def remaining(self, allowance: Allowance) -> int | None:
        """Return how many acts the tightest window has room for."""
        return judging.remaining(allowance, self._now_ms())

    def spend_remaining(self, allowance: Allowance) -> int | None:
        """Return what the tightest cap leaves to spend, in micro-units."""
        return judging.spend_remaining(allowance, self._now_ms())

    def after(self, allowance: Allowance, wishes: Sequence[Wish]) -> Allowance:
        """Return what would be left to do after some acts; nothing is counted."""
        accounts, now_ms = allowance.accounts, self._now_ms()
        for wish in wishes:
            accounts = tuple(
                replace(each, counters=judging.with_act(each, wish, now_ms)) for each in accounts
            )
        return replace(allowance, accounts=accounts)

    def tell_hit(self, agent_id: str, exceeded: Exceeded) -> None:
        """Count an act that was refused."""
        self.metrics.rate_limit_hit(agent=agent_id)
        self.log.info("limit.reached", agentId=agent_id, rule=exceeded.rule)
        is_cap = exceeded.code == SpendCap.code
        self.alarms.note(AlertKind.CAP_BREACHED if is_cap else AlertKind.LIMIT_HIT, agent_id)

    def tell_hold(self, agent_id: str) -> None:
        """Warn of an agent that was suspended for how it acted; its alert is stored with that."""
        self.metrics.security_event("velocity")
        self.log.warning("agent.suspended", agentId=agent_id, reason="velocity")

    # --- in the transaction of whatever changes a cost --------------------------------------------

    def spend(self, tx: Tx, workspace_id: str, agent_id: str, micros: int) -> None:
        """Count what an agent has spent already, whatever it may."""
        if not micros:
            return
        now_ms = self._now_ms()
        for each in repository.accounts_of(workspace_id, agent_id, hold=True).ask(tx):
            counters = judging.with_spend(each.counters, micros, now_ms)
            repository.count(tx, workspace_id, each.agent_id, counters)
            self._warn(tx, workspace_id, each, counters)

    def correct(
        self, tx: Tx, workspace_id: str, agent_id: str, micros: int, reserved_at: datetime
    ) -> None:
        """Count so much more, or less, of what was reserved then, while that still counts."""
        if not micros:
            return
        for each in repository.accounts_of(workspace_id, agent_id, hold=True).ask(tx):
            counters = judging.with_correction(
                each.counters, micros, _ms(reserved_at), self._now_ms()
            )
            repository.count(tx, workspace_id, each.agent_id, counters)
            self._warn(tx, workspace_id, each, counters)

    def begin(self, tx: Tx, workspace_id: str, agent_id: str) -> None:
        """Give a new agent what new agents may."""
        if self.for_new != NO_LIMITS:
            self._set(tx, workspace_id, agent_id, self.for_new, self._unused())

    def begin_token(
        self, tx: Tx, workspace_id: str, kid: str, grant: Grant, instead_of: str | None
    ) -> None:
        """Give a token its caps; what was spent with the one before it stays spent."""
        limits = replace(
            NO_LIMITS, spend_per_day=grant.spend_per_day, spend_per_month=grant.spend_per_month
        )
        before = None
        if instead_of is not None:
            before = self._account(tx, workspace_id, f"{TOKEN}{instead_of}", hold=True)
        counters = before.counters if before else self._unused()
        self._set(tx, workspace_id, f"{TOKEN}{kid}", limits, counters)

    async def call_minutes(self, workspace_id: str, agent_id: str) -> int | None:
        """Return how long a call of an agent may last; None without a limit."""
        accounts = repository.accounts_of(workspace_id, agent_id, hold=False)
        found = await self.db.peek(accounts.ask)
        most = [each.limits.call_minutes for each in found]
        return min((each for each in most if each is not None), default=None)

    async def left(self, workspace_id: str, agent_id: str) -> int | None:
        """Return how many acts an agent has in its tightest window; None without a limit."""
        asked = self.allowance(workspace_id, agent_id, None, hold=False)
        return self.remaining(await self.db.peek(asked.ask))

    # --- for operators ----------------------------------------------------------------------------

    async def change(
        self,
        principal: Principal,
        agent_id: str,
        change: Change,
        channels: Mapping[str, bool],
    ) -> Limits:
        """
        Set limits of an agent, or of `WORKSPACE`, and return all that it has then.

        What is not named stays: of two operators who set different limits at once, both have it.

        Raises:
            NotFound: There is no such agent.
        """
        set_ = partial(self._change, principal, agent_id, change=change, channels=channels)
        try:
            return await self.db.write(set_)
        except IntegrityError:  # another operator gave it its first limits at the same moment
            return await self.db.write(set_)

    async def show(self, principal: Principal, agent_id: str) -> Limits:
        """Return the limits of an agent, or of `WORKSPACE`."""

        def fn(tx: Tx) -> Limits:
            self._check(tx, principal.workspace_id, agent_id)
            account = self._account(tx, principal.workspace_id, agent_id, hold=False)
            return account.limits if account else NO_LIMITS

        return await self.db.read(fn)

    async def used(self, principal: Principal, agent_id: str) -> Use | None:
        """Return what an agent has done of what it may; None if nothing of it is counted."""
        account = await self.db.peek(
            lambda tx: self._account(tx, principal.workspace_id, agent_id, hold=False)
        )
        if account is None:
            return None
        minute, _, day = account.counters.actions
        now_ms = max(self._now_ms(), account.counters.last_ms)
        return Use(
            actions_this_minute=minute.at(now_ms).used,
            actions_today=day.at(now_ms).used,
            limits=account.limits,
        )

    def _change(
        self,
        principal: Principal,
        agent_id: str,
        tx: Tx,
        *,
        change: Change,
        channels: Mapping[str, bool],
    ) -> Limits:
        workspace_id = principal.workspace_id
        self._check(tx, workspace_id, agent_id)
        account = self._account(tx, workspace_id, agent_id, hold=True)
        limits = account.limits if account else NO_LIMITS
        off = {*limits.channels_off, *(name for name, on in channels.items() if not on)}
        off -= {name for name, on in channels.items() if on}
        limits = replace(limits, **change, channels_off=frozenset(off))
        counters = account.counters if account else self._unused()
        counters = judging.put_right(counters, self._now_ms())
        self._set(tx, workspace_id, agent_id, limits, counters)
        self.audit.act(tx, principal, "limits.set", agent_id, {**change, **channels})
        return limits

    def _set(
        self, tx: Tx, workspace_id: str, agent_id: str, limits: Limits, counters: Counters
    ) -> None:
        row_ids = (self.ids.new("row"), self.ids.new("row"))
        now = self.clock.now()
        repository.set_limits(tx, workspace_id, row_ids, agent_id, limits, counters, now)

    def _warn(self, tx: Tx, workspace_id: str, before: Account, counters: Counters) -> None:
        """Tell operators of who has spent four fifths of a cap by now, or more than all of it."""
        if judging.spent_parts(before, counters, _NEAR, 100):
            self.alarms.raise_in(tx, workspace_id, AlertKind.CAP_NEAR, before.agent_id)
        if judging.spent_parts(before, counters, _MORE, 100):
            self.alarms.raise_in(tx, workspace_id, AlertKind.CAP_BREACHED, before.agent_id)

    def _account(self, tx: Tx, workspace_id: str, agent_id: str, *, hold: bool) -> Account | None:
        found = repository.accounts_of(workspace_id, agent_id, hold=hold).ask(tx)
        return next((each for each in found if each.agent_id == agent_id), None)

    def _check(self, tx: Tx, workspace_id: str, agent_id: str) -> None:
        if agent_id != WORKSPACE and agents.find_agent(tx, workspace_id, agent_id) is None:
            raise NotFound("agent")

    def _unused(self) -> Counters:
        return Counters(
            last_ms=self._now_ms(),
            actions=tuple(map(Window, ACTION_WINDOWS)),
            spend=tuple(map(Window, SPEND_WINDOWS)),
        )

    def _pseudonym(self, workspace_id: str, number: str) -> str:
        parts = ("address", workspace_id, canonical(number))
        return self.keys.digest(Purpose.PSEUDONYMS, *parts).hex()[:_CONTACT]

    def _now_ms(self) -> int:
        return _ms(self.clock.now())


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
