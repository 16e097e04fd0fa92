"""What a provider says of a text when it is asked."""

from trunkline.core.connections.registry import MessageSpec
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
from trunkline.sdk import Report, Tx


def note_report(
    journal: Journal,
    engine: Engine,
    tx: Tx,
    workspace_id: str,
    message: Message,
    report: Report,
    spec: MessageSpec,
) -> None:
    """
    Note what a provider said of a message that it has.

    One whose status the adapter does not know is `sent`: so much is sure.
    """
    to = Status(report.status.value) if report.status else Status.SENT
    evidence = Evidence(source=Source.LOOKUP, vendor_status=report.vendor_status)
    note_ref(tx, workspace_id, message, report.message_ref)
    if not journal.move(tx, workspace_id, message, to, evidence):
        return
    values: dict[str, object] = {}
    if to is Status.FAILED:
        note_failure(journal, tx, workspace_id, message, spec, report.error_code)
    elif message.status is Status.UNKNOWN:
        values |= {"reason": None}  # it told why nobody knew
    if report.status is None:
        values |= {"flag": Flag.UNKNOWN_STATUS.value}
    if report.cost_micros is not None:
        values |= {"cost": report.cost_micros, "currency": report.currency, "cost_final": True}
    if values:
        repository.set_values(tx, workspace_id, message.id, **values)
    if to in FINAL:
        ask_later(journal, engine, tx, workspace_id, message, spec)
