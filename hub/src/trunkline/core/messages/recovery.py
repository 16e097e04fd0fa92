"""After a crash: an attempt that was never ended has an outcome that nobody knows."""

from trunkline.core.messages import repository, trail
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Source, Status
from trunkline.sdk import Clock, Database, Tx


async def close_leftovers(db: Database, journal: Journal, clock: Clock, executor: str) -> int:
    """Call each message that a dead `executor` left in `sending` unknown, and return how many."""

    def fn(tx: Tx) -> int:
        leftovers = trail.leftover_attempts(tx, executor)
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
