"""After a crash: an attempt that was never ended has an outcome that nobody knows."""

from datetime import timedelta

from trunkline.core.messages import repository, trail
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Source, Status
from trunkline.db.locks import hold
from trunkline.sdk import Clock, Database, Tx


async def close_leftovers(
    db: Database,
    journal: Journal,
    clock: Clock,
    executor: str,
    older_than: timedelta | None = None,
) -> int:
    """
    Call each message that a dead `executor` left in `sending` unknown, and return how many.

    Where another process may be at work under the same name, only what is `older_than` any attempt
    gets can be called that.
    """
    begun_before = None if older_than is None else clock.now() - older_than

    def fn(tx: Tx) -> int:
        hold(tx, "leftovers", executor)
        leftovers = trail.leftover_attempts(tx, executor, begun_before)
        for workspace_id, attempt_id, message_id in leftovers:
            trail.end_attempt(tx, workspace_id, attempt_id, state="unknown", now=clock.now())
            message = repository.find_message(tx, workspace_id, message_id)
            if message is None:
                continue
            evidence = Evidence(source=Source.SEND)
            if journal.move(tx, workspace_id, message, Status.UNKNOWN, evidence):
                reason = "The hub stopped before the provider's answer was stored."
                repository.set_values(tx, workspace_id, message_id, reason=reason)
        return len(leftovers)

    return await db.write(fn)
