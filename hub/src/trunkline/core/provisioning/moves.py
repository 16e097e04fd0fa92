"""One step of one part: what becomes of its row, and when it goes on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from trunkline.core.provisioning.models import Aim, Row, Step
from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    OutOfCredit,
    ProviderError,
    Readiness,
    Rejected,
    RetryLater,
    Standing,
    Tx,
)

AT_ONCE: Final = timedelta()
MOST_TRIES: Final = 5
"""So often something is tried that the provider refuses, before it is given up and undone."""
_AGAIN_S: Final = (1, 2, 5, 15, 60, 300)
_LOOK_AGAIN_S: Final = (1, 2, 4, 8, 30, 60, 300, 600)
_LOOK_IN: Final = timedelta(hours=6)
_HOLDS_NOTHING: Final = frozenset({Step.WANTED, Step.SEARCHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """
    What comes of a step.

    Attributes:
        row: As it is now; None: it is no more.
        due_in: When the next step is due; None: there is none.
        within: Settles in the transaction that stores it what the row comes to.
    """

    row: Row | None
    due_in: timedelta | None = None
    within: Callable[[Tx, Row], Row] | None = None


def on(row: Row, step: Step, within: Callable[[Tx, Row], Row] | None = None) -> Move:
    """Go on to a step at once."""
    return Move(row=replace(row, step=step, tries=0, reason=None), due_in=AT_ONCE, within=within)


def waits(row: Row) -> Move:
    """Look again soon: another part has to be there first."""
    return Move(row=row, due_in=timedelta(seconds=0.2))


def failed(row: Row, reason: str) -> Move:
    """Give it up: nothing is held."""
    return Move(row=replace(row, step=Step.FAILED, address=None, provider_id=None, reason=reason))


def after(row: Row, error: ProviderError) -> Move:
    """Go on after what a provider raised: try again, give up, or undo."""
    reason, tries = str(error), row.tries + 1
    holds_nothing = row.step in _HOLDS_NOTHING and row.aim is Aim.HAVE
    final = isinstance(error, Rejected | AuthFailed | OutOfCredit | NotSetUp)
    if holds_nothing and (final or tries > MOST_TRIES):
        return failed(row, reason)
    is_undone = row.step in (Step.BOUGHT, Step.CONFIGURED) and row.aim is Aim.HAVE
    if is_undone and isinstance(error, Rejected) and tries >= MOST_TRIES:
        return Move(row=replace(row, step=Step.RELEASING, tries=0, reason=reason), due_in=AT_ONCE)
    wait_s: float = _AGAIN_S[min(row.tries, len(_AGAIN_S) - 1)]
    if isinstance(error, RetryLater):
        wait_s = max(wait_s, min(error.retry_after_s, 300.0))
    return Move(row=replace(row, tries=tries, reason=reason), due_in=timedelta(seconds=wait_s))


def configured(row: Row) -> Move:
    """Go on to read back what was set; so often it was tried stays counted."""
    return Move(row=replace(row, step=Step.CONFIGURED), due_in=AT_ONCE)


def set_otherwise(row: Row) -> Move:
    """Set it again: the hub's public URL may have changed since, or the provider ignored it."""
    move = after(row, Rejected("The provider reads back other webhook URLs than it was set to."))
    if move.row is not None and move.row.step is Step.CONFIGURED:
        return replace(move, row=replace(move.row, step=Step.BOUGHT))
    return move


def watched(row: Row, standing: Standing) -> Move:
    """Keep how something of the agent's stands, and look again."""
    is_ready = standing.readiness is Readiness.READY
    stood = replace(
        row,
        readiness=standing.readiness,
        vendor_status=standing.vendor_status,
        reason=None if is_ready else standing.sentence,
        tries=0 if is_ready else row.tries + 1,
    )
    soon = timedelta(seconds=_LOOK_AGAIN_S[min(row.tries, len(_LOOK_AGAIN_S) - 1)])
    return Move(row=stood, due_in=_LOOK_IN if is_ready else soon)
