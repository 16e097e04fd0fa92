"""What is wrong with connections as far as their providers have told: for operators."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.metrics import Metrics
from trunkline.sdk import (
    Account,
    AuthFailed,
    Clock,
    EventLog,
    NotSetUp,
    OutOfCredit,
    Receipt,
    Rejected,
    RetryLater,
)


class TroubleKind(StrEnum):
    """What an operator has to do with. The value is a label of the metrics."""

    CREDENTIALS = "credentials_refused"
    CREDIT = "out_of_credit"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a provider said when it was last asked, and since when it is so."""

    kind: TroubleKind
    sentence: str
    since: datetime


class Troubles:
    """
    The troubles of all connections, as this process has met them.

    They are noted of every send and every verification. Each change is a line in the log.
    """

    def __init__(self, clock: Clock, log: EventLog, metrics: Metrics, alarms: Alarms) -> None:
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._alarms = alarms
        self._noted: dict[str, Trouble] = {}
        self._followers: list[Callable[[str, bool], None]] = []

    def follow(self, told: Callable[[str, bool], None]) -> None:
        """Tell of everything that shows whether the credentials of a connection hold."""
        self._followers.append(told)

    def of(self, connection: str) -> Trouble | None:
        """Return what is wrong with a connection, if anything is."""
        return self._noted.get(connection)

    def forget(self, connection: str) -> None:
        """Forget what was wrong with a connection: it was changed."""
        trouble = self._noted.pop(connection, None)
        if trouble is not None:
            self._metrics.trouble(connection=connection, kind=trouble.kind, is_so=False)

    def note(self, connection: str, outcome: object) -> None:
        """Note what a provider answered or raised; what tells nothing changes nothing."""
        before = self._noted.get(connection)
        if isinstance(outcome, AuthFailed) or _holds(outcome):
            for tell in self._followers:
                tell(connection, not isinstance(outcome, AuthFailed))
        match outcome:
            case AuthFailed():
                kind = TroubleKind.CREDENTIALS
            case OutOfCredit():
                kind = TroubleKind.CREDIT
            case RetryLater(unavailable=True):
                kind = TroubleKind.UNREACHABLE
            case _:
                if before is not None and _ends(before, outcome):
                    self._end(connection, before)
                return
        since = before.since if before and before.kind is kind else self._clock.now()
        trouble = Trouble(kind=kind, sentence=told(outcome), since=since)
        self._noted[connection] = trouble
        if before is not None and before.kind is kind:
            return
        if before is not None:
            self._metrics.trouble(connection=connection, kind=before.kind, is_so=False)
        self._metrics.trouble(connection=connection, kind=kind, is_so=True)
        self._log.warning(
            "connection.trouble",
            connection=connection,
            trouble=kind.value,
            reason=trouble.sentence,
        )
        if kind is TroubleKind.CREDIT:
            self._alarms.note(AlertKind.OUT_OF_CREDIT, connection)

    def _end(self, connection: str, trouble: Trouble) -> None:
        del self._noted[connection]
        self._metrics.trouble(connection=connection, kind=trouble.kind, is_so=False)
        self._log.info("connection.trouble_over", connection=connection, trouble=trouble.kind.value)
        if trouble.kind is TroubleKind.CREDIT:
            self._alarms.over(AlertKind.OUT_OF_CREDIT, connection)


def told(error: BaseException) -> str:
    """Return what an error of ours says, and what broke underneath, if that is ours as well."""
    cause = error.__cause__
    why = f" {cause}" if type(cause).__module__.partition(".")[0] == "httpx2" else ""
    return f"{error}{why}"[:300]


def _ends(trouble: Trouble, outcome: object) -> bool:
    """Tell whether an answer shows that a trouble is over."""
    if outcome is None:  # it did what it was asked
        return True
    if trouble.kind is TroubleKind.CREDIT:
        has_money = isinstance(outcome, Account) and (outcome.balance_micros or 0) > 0
        return isinstance(outcome, Receipt) or has_money
    return _holds(outcome)


def _holds(outcome: object) -> bool:
    """Tell whether an answer shows that the provider knows whom it deals with."""
    return outcome is None or isinstance(outcome, Receipt | Account | Rejected | NotSetUp)
