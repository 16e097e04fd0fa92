"""What a provider says of a message when it is asked."""

from trunkline.core.calls.telling import Telling
from trunkline.core.connections.registry import AnySpec
from trunkline.core.delivery.failing import note_failure
from trunkline.core.engine.engine import Engine
from trunkline.core.messages import repository
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    FINAL,
    Evidence,
    Flag,
    Message,
    Source,
    Status,
)
from trunkline.core.messages.threads import note_ref
from trunkline.core.settlement.prices import ask_later
from trunkline.sdk import CallReport, DeliveryStatus, Report, Tx


def note_report(
    journal: Journal,
    engine: Engine,
    tx: Tx,
    workspace_id: str,
    message: Message,
    report: Report,
    spec: AnySpec,
    telling: Telling,
) -> None:
    """
    Note what a provider said of a message that it has.

    One whose status the adapter does not know is `sent`: so much is sure.
    """
    status, said = _judged(tx, workspace_id, message, report, telling)
    to = Status(status.value) if status else Status.SENT
    evidence = Evidence(source=Source.LOOKUP, vendor_status=report.vendor_status)
    note_ref(tx, workspace_id, message, report.message_ref)
    if not journal.move(tx, workspace_id, message, to, evidence):
        return
    values: dict[str, object] = {}
    if to is Status.FAILED:
        note_failure(journal, tx, workspace_id, message, spec, report.error_code, otherwise=said)
    elif message.status is Status.UNKNOWN or said is not None:
        values |= {"reason": said}  # it told why nobody knew
    if status is None:
        values |= {"flag": Flag.UNKNOWN_STATUS.value}
    if values:
        repository.set_values(tx, workspace_id, message.id, **values)
    if report.cost_micros is not None:
        journal.charge(tx, workspace_id, message.id, report.cost_micros, report.currency)
    if to in FINAL:
        ask_later(journal, engine, tx, workspace_id, message, spec)


def _judged(
    tx: Tx, workspace_id: str, message: Message, report: Report, telling: Telling
) -> tuple[DeliveryStatus | None, str | None]:
    """Return how far a message got by a report, and what is to be said of that."""
    if not isinstance(report, CallReport):
        return report.status, None
    judged = telling.of_message(tx, workspace_id, message, report)
    return (judged.status, judged.sentence) if judged else (None, None)
