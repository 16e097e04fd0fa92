"""Why a provider failed a message, in the hub's own words: code, sentence, and what follows."""

import re
from typing import Final

from trunkline.core.channels import rules_of
from trunkline.core.compliance import repository as compliance
from trunkline.core.compliance import windows
from trunkline.core.compliance.repository import Why
from trunkline.core.connections.registry import AnySpec
from trunkline.core.messages import repository
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import TAKEN, Message
from trunkline.sdk import Failure, FailureKind, Tx

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_UNEXPLAINED: Final = Failure(
    kind=FailureKind.UNEXPLAINED, sentence="The provider reported that it was not delivered."
)


def note_failure(
    journal: Journal,
    tx: Tx,
    workspace_id: str,
    message: Message,
    spec: AnySpec,
    code: str | None,
    event_id: str | None = None,
    *,
    otherwise: str | None = None,
) -> None:
    """
    Note why a provider, which had taken a message, failed it; `otherwise` says so if no code does.

    An opt-out that only the provider knew of closes the recipient to this sender from now on.
    """
    if message.status not in TAKEN:
        journal.accounts.taken(tx, workspace_id, message)
    code = shown(code)
    failure = spec.failures.get(code or "", _UNEXPLAINED)
    sentence = failure.sentence
    if otherwise is not None and failure is _UNEXPLAINED:
        sentence = otherwise
    elif code is not None and failure is _UNEXPLAINED:
        sentence = f"{sentence} Its code is {code}; its documentation says what that means."
    repository.set_values(
        tx,
        workspace_id,
        message.id,
        error_code=failure.kind.value,
        provider_code=code,
        reason=sentence[:300],
    )
    why = closing(spec, message, code, failed=True)
    if why is not None:
        close(journal, tx, workspace_id, message, why, event_id)
    if failure.kind is FailureKind.OUT_OF_WINDOW:
        close_window(journal, tx, workspace_id, message)


def closing(spec: AnySpec, message: Message, code: str | None, *, failed: bool) -> Why | None:
    """
    Return why nothing more may be sent where a message went, if a provider's code says so.

    Of one that has not `failed` only a wish of the recipient's does: who calls a mail spam has it.
    """
    failure = spec.failures.get(shown(code) or "")
    if failure is None or not (failed or failure.kind is FailureKind.OPTED_OUT):
        return None
    return rules_of(message.channel).closing.get(failure.kind)


def close(
    journal: Journal,
    tx: Tx,
    workspace_id: str,
    message: Message,
    why: Why,
    event_id: str | None = None,
    *,
    address: str | None = None,
) -> None:
    """Note that a provider says why a recipient, or a copy's at `address`, gets no more."""
    compliance.suppress_by_provider(
        tx,
        workspace_id,
        journal.ids.new("row"),
        sender=message.from_address,
        address=address or message.to_address,
        why=why,
        event_id=event_id,
        now=journal.clock.now(),
    )


def close_window(journal: Journal, tx: Tx, workspace_id: str, message: Message) -> None:
    """Note that a provider says that a recipient wrote too long ago: its word beats the hub's."""
    windows.note(
        tx,
        workspace_id,
        journal.ids.new("row"),
        message.channel,
        message.from_address,
        message.to_address,
        None,
        journal.clock.now(),
    )


def shown(code: str | None) -> str | None:
    """Return a provider's code if it looks like one: anything else may quote a number or a text."""
    return code if code is not None and _CODE.fullmatch(code) else None
