"""Where trouble is noticed: each place says so in one call, and it becomes a row."""

import asyncio
from collections import OrderedDict, deque
from datetime import timedelta
from typing import Final

from trunkline.core.alerts import repository
from trunkline.core.alerts.models import OTHERS, SAME_S, AlertKind, KeptAlert
from trunkline.core.alerts.times import Times
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.trouble import tell_trouble
from trunkline.db.locks import hold
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

GATHER_S: Final = 1.0
"""What is noticed outside of a transaction is written down at once, and then after so long."""
MOST_PER_HOUR: Final = 100
"""So many alerts of a kind begin within an hour; the rest share one."""
_MOST_REMEMBERED: Final = 1_000
_A_DAY: Final = timedelta(days=1)
ROUND: Final = "round"
"""The one job that tells what is to be told."""

Key = tuple[AlertKind, str]


class Alarms:
    """
    Takes what is wrong, from wherever in the hub that is noticed.

    An alert stands for all that happens of one kind to one subject until somebody acknowledges it,
    it is over, or a day has passed without. That is what keeps a storm small: of ten thousand
    events of one kind and subject there is one row, which counts them.
    """

    def __init__(
        self,
        db: Database,
        engine: Engine,
        clock: Clock,
        ids: IdSource,
        log: EventLog,
        times: Times,
    ) -> None:
        self._db = db
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._log = log
        self.times = times
        self._noted: OrderedDict[Key, int] = OrderedDict()
        self._ended: dict[Key, None] = {}
        self._seen: OrderedDict[Key, deque[float]] = OrderedDict()
        self._levels: dict[Key, bool] = {}
        self._news = asyncio.Event()

    # --- where something is noticed ---------------------------------------------------------------

    def note(self, kind: AlertKind, subject: str = "") -> None:
        """Note what went wrong; it is written down soon. It costs next to nothing, and never fails.

        `subject` is a name that the hub knows: never an address, nor what a stranger sent.
        """
        if not self._suffices(kind, subject):
            return
        key = kind, subject
        if key not in self._noted and len(self._noted) >= _MOST_REMEMBERED:
            key = kind, OTHERS
        self._noted[key] = self._noted.get(key, 0) + 1
        self._ended.pop(key, None)
        self._news.set()

    def over(self, kind: AlertKind, subject: str = "") -> None:
        """Note that something is not so any more."""
        self._ended[kind, subject] = None
        self._news.set()

    def level(self, kind: AlertKind, *, is_so: bool) -> None:
        """Note whether something is so, which is looked at again and again."""
        key = kind, ""
        if self._levels.get(key) is not is_so:
            self._levels[key] = is_so
            (self.note if is_so else self.over)(kind)

    def raise_in(self, tx: Tx, workspace_id: str, kind: AlertKind, subject: str = "") -> None:
        """Note what went wrong, inside the caller's transaction."""
        self._raise(tx, workspace_id, kind, subject, 1)

    def over_in(self, tx: Tx, workspace_id: str, kind: AlertKind, subject: str = "") -> None:
        """Note that something is not so any more, inside the caller's transaction."""
        alert = self._newest(tx, workspace_id, kind, subject)
        if alert is None or alert.over_at is not None:
            return
        now = self._clock.now()
        was_heard = alert.told > 0 and alert.acknowledged_at is None
        due_at = self.times.due(alert.severity, now) if was_heard else None
        repository.change(tx, workspace_id, alert.id, over_at=now, due_at=due_at)
        if due_at is not None:
            self._begin_round(tx, workspace_id)

    # --- in the background ------------------------------------------------------------------------

    async def run(self) -> None:
        """Write down what is noted, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.write_down()
            except Exception as error:  # noqa: BLE001 - it is logged, and tried again
                tell_trouble(self._log, "alerts.not_noted", error)
                self._news.set()
            await self._clock.sleep(GATHER_S)

    async def write_down(self) -> None:
        """Write down what is noted and is no row yet."""
        noted, self._noted = self._noted, OrderedDict()
        ended, self._ended = self._ended, {}
        if not noted and not ended:
            return

        def fn(tx: Tx) -> None:
            # In an order that every hub keeps, so that no two wait for one another.
            for key in sorted({*noted, *ended}, key=lambda key: (key[0].word, key[1])):
                if key in noted:
                    self._raise(tx, DEFAULT_WORKSPACE, *key, noted[key])
                if key in ended:
                    self.over_in(tx, DEFAULT_WORKSPACE, *key)

        try:
            await self._db.write(fn)
        except BaseException:
            for key, count in noted.items():
                self._noted[key] = self._noted.get(key, 0) + count
            self._ended = {**ended, **self._ended}
            raise

    # --- rows -------------------------------------------------------------------------------------

    def _raise(self, tx: Tx, workspace_id: str, kind: AlertKind, subject: str, count: int) -> None:
        alert, now = self._newest(tx, workspace_id, kind, subject), self._clock.now()
        if alert is None or self._is_another(alert):
            since = now - timedelta(hours=1)
            if subject != OTHERS and (
                repository.count_since(tx, workspace_id, kind, since) >= MOST_PER_HOUR
            ):
                self._raise(tx, workspace_id, kind, OTHERS, count)
                return
            alert = KeptAlert(
                id=self._ids.new("alr"),
                created_at=now,
                kind=kind,
                subject=subject,
                count=count,
                last_at=now,
                due_at=self.times.due(kind.severity, now),
                told=0,
                told_at=None,
                acknowledged_at=None,
                acknowledged_by=None,
                over_at=None,
            )
            repository.add(tx, workspace_id, alert)
            self._begin_round(tx, workspace_id)
            return
        due_at, again = alert.due_at, alert.due_at
        same_until = alert.told_at + timedelta(seconds=SAME_S) if alert.told_at else now
        if alert.over_at is not None:
            again = max(self.times.due(kind.severity, now), same_until)
        elif due_at is None and alert.acknowledged_at is None and now >= same_until:
            again = self.times.due(kind.severity, now)
        values = {"times": alert.count + count, "last_at": now, "over_at": None, "due_at": again}
        repository.change(tx, workspace_id, alert.id, **values)
        if again != due_at:
            self._begin_round(tx, workspace_id)

    def _is_another(self, alert: KeptAlert) -> bool:
        """Tell whether what happens now is not what an alert is about."""
        since_last = self._clock.now() - alert.last_at
        if alert.acknowledged_at is not None or alert.over_at is not None:
            return since_last >= timedelta(seconds=SAME_S)
        return since_last >= _A_DAY

    def _newest(self, tx: Tx, workspace_id: str, kind: AlertKind, subject: str) -> KeptAlert | None:
        """Return the alert that something may belong to; nobody else changes one of its kind."""
        hold(tx, "alert", workspace_id, kind.word)
        return repository.newest_of(tx, workspace_id, kind, subject)

    def _begin_round(self, tx: Tx, workspace_id: str) -> None:
        """Have a round look at the rows, which knows when what is due."""
        self._engine.enqueue(tx, workspace_id, JobKind.ALERT, ROUND, self._clock.now())

    def _suffices(self, kind: AlertKind, subject: str) -> bool:
        """Tell whether it happened often enough of late."""
        times, within_s = kind.threshold
        if times == 1:
            return True
        key, now_s = (kind, subject), self._clock.monotonic()
        seen = self._seen.setdefault(key, deque(maxlen=times))
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST_REMEMBERED:
            self._seen.popitem(last=False)
        seen.append(now_s)
        return len(seen) == times and now_s - seen[0] <= within_s
