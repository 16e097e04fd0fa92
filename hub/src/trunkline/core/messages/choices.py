"""What somebody may pick from: offered with a message, and recognised in what they answer."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.core.addresses import canonical
from trunkline.core.messages import repository
from trunkline.core.messages.models import GIVEN_UP, Status
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.privacy.vault import BodyVault, Place
from trunkline.sdk import Tx

Choices = tuple[tuple[str, str], ...]
"""Pairs of an id and a label, in their order."""

MOST: Final = 10
"""Choices of one message: WhatsApp's longest list (Meta, "Interactive list messages", 2026-11)."""

LONGEST_LABEL: Final = 72
"""Characters of a label: one line, also beside others on a telephone."""

_NOT_OUT: Final = GIVEN_UP | {Status.QUEUED, Status.HELD}
_AROUND: Final = re.compile(r"^[\s#*\"'(>]+|[\s.,:;!)\"'*]+$")


@dataclass(frozen=True, slots=True)
class Picked:
    """What was picked, and of which message."""

    message_id: str
    id: str
    label: str


def numbered(body: str, choices: Choices) -> str:
    """Return a text with a numbered line for each choice."""
    lines = (f"{number}. {label}" for number, (_, label) in enumerate(choices, start=1))
    return "\n".join(filter(None, (body.rstrip(), *lines)))


def pick(choices: Sequence[tuple[str, str]], answer: str) -> tuple[str, str] | None:
    """
    Return the choice that an answer names, by its number or its label; None if that is not clear.

    Case, blanks and what stands around it do not count. The first line that says anything counts.
    """
    line = _plain(next((each for each in answer.splitlines() if each.strip()), ""))
    if not line:
        return None
    found = {
        choice
        for number, choice in enumerate(choices, start=1)
        if line in (str(number), _plain(choice[1]), f"{number}. {_plain(choice[1])}")
    }
    return found.pop() if len(found) == 1 else None


def _plain(text: str) -> str:
    return " ".join(_AROUND.sub("", text).casefold().split())


def faults(choices: Choices) -> Iterable[str]:
    """Say what is wrong with choices."""
    labels = [_plain(label) for _, label in choices]
    if len(set(labels)) < len(labels) or "" in labels:
        yield "give labels that differ, also without case, blanks and punctuation."
    if len({each for each, _ in choices}) < len(choices):
        yield "give ids that differ."


def offer(
    tx: Tx,
    vault: BodyVault,
    workspace_id: str,
    conversation: tuple[str, str, str],
    message_id: str,
    choices: Choices,
) -> None:
    """
    Keep what is offered for as long as a text is held, in place of what was before.

    A conversation is an agent, a channel and the address at its other end.
    """
    place = _place(workspace_id, conversation)
    vault.shred(tx, place)
    vault.hold(tx, place, conversation[2], json.dumps([message_id, choices]))


def picked(
    tx: Tx,
    vault: BodyVault,
    workspace_id: str,
    conversation: tuple[str, str, str],
    answer: str,
) -> Picked | None:
    """Return what an answer picks of what was offered last; that is closed by it."""
    place = _place(workspace_id, conversation)
    message_id, choices = _offered(tx, vault, place)
    found = pick(choices, answer)
    if found is None:
        return None
    message = repository.find_message(tx, workspace_id, message_id)
    if message is None or message.status in _NOT_OUT:
        return None
    vault.shred(tx, place)
    return Picked(message_id, *found)


def tapped(
    tx: Tx,
    vault: BodyVault,
    workspace_id: str,
    conversation: tuple[str, str, str],
    choice_id: str,
    answered_id: str | None,
) -> None:
    """Close what was offered last by a tap on it, unless that is known to be on another message."""
    place = _place(workspace_id, conversation)
    message_id, choices = _offered(tx, vault, place)
    if choice_id in dict(choices) and answered_id in (None, message_id):
        vault.shred(tx, place)


def _offered(tx: Tx, vault: BodyVault, place: Place) -> tuple[str, Choices]:
    """Return a message's id and what it offers; nothing if nothing is held."""
    try:
        held = vault.held(tx, place)
    except Unreadable:
        held = None
    message_id, choices = json.loads(held) if held is not None else ("", ())
    return message_id, tuple((each, label) for each, label in choices)


def _place(workspace_id: str, conversation: tuple[str, str, str]) -> Place:
    agent_id, channel, address = conversation
    name = "|".join((agent_id, channel, canonical(address)))
    row_id = hashlib.sha256(name.encode()).hexdigest()
    return Place(workspace_id=workspace_id, table="choices", row_id=row_id, column="choices")
