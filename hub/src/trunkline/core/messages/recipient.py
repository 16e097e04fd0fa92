"""Reading `to` and `from`: whom the caller means."""

from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import AGENT_ID, Agent
from trunkline.core.messages import repository
from trunkline.core.messages.models import Message, SendMessage
from trunkline.core.numbers import (
    NotANumber,
    as_written,
    is_number,
    is_short_code,
    parse_number,
    region_of,
    spellings,
)
from trunkline.core.problems import Invalid, Missing, Unsupported
from trunkline.sdk import E164, Tx

_NEITHER: Final = (
    "neither a phone number (such as +14155550100) nor the id of an agent. "
    "The names and short codes that some texts come from cannot be written to."
)
_NO_AGENT: Final = "no such agent."
_NOBODY: Final = (
    "nobody that you have messages of: give a phone number, an agent's id, or a name or short code "
    "that has written to you."
)
_NOT_ANSWERABLE: Final = (
    "that message came from a short code or a name, which cannot be written to. "
    "Find another way to reach who sent it."
)


def read_recipient(
    tx: Tx, workspace_id: str, sender: Agent, command: SendMessage, answered: Message | None
) -> E164:
    """
    Return the number a text goes to.

    `to` is read in this order: an e-mail address, a phone number (E.164, or as dialled in the
    agent's country), an agent's id. Who wrote is answered at exactly the address that wrote,
    whether the library takes that for a number or not.
    """
    if (command.to is None) == (command.to_agent_id is None):
        raise Invalid("to", "give exactly one of to and toAgentId.")
    if command.to_agent_id is not None:
        recipient = _phone_of(tx, workspace_id, command.to_agent_id, "toAgentId", _NO_AGENT)
    else:
        to = (command.to or "").strip()
        if "@" in to:
            raise Unsupported("to", "this is an e-mail address; the hub cannot send e-mail yet.")
        if answered is not None and to == answered.from_address:
            return _answerable(answered)
        recipient = _number_of(tx, workspace_id, sender, to)
    if answered is None:
        return recipient
    if recipient not in spellings(answered.from_address):
        raise Invalid("replyTo", "that message came from somebody else than you write to.")
    return _answerable(answered)


def must_look_up(to: str) -> bool:
    """Tell whether one must know who wrote to read `to`: the agent's messages are searched."""
    written = as_written(to)
    return written is not None and _parsed(written, None) != written


def read_addresses(
    tx: Tx, workspace_id: str, agent: Agent, text: str, field: str
) -> tuple[str, ...]:
    """
    Return the addresses of the one that `text` names, as they may stand in messages.

    It is an agent's id, a phone number, as `agent` may write it, a short code, or a name that has
    written to `agent`. Anybody can write under the name of an agent: an id means its number alone.
    """
    text = text.strip()
    if agents.find_agent(tx, workspace_id, text) is not None:
        return spellings(_phone_of(tx, workspace_id, text, field))
    number, written = _parsed(text, country_of(agent)), as_written(text)
    found = [] if isinstance(number, NotANumber) else list(spellings(number))
    if written is not None:
        found.append(written)
    if is_short_code(text) or (
        not found and repository.has_written(tx, workspace_id, agent.id, text)
    ):
        found.append(text)
    if not found:
        raise Invalid(field, _NOBODY)
    return tuple(dict.fromkeys(found))


def country_of(agent: Agent) -> str | None:
    """Return the region whose national numbers an agent may write."""
    if agent.country or agent.phone is None:
        return agent.country
    return region_of(agent.phone)


def _number_of(tx: Tx, workspace_id: str, agent: Agent, to: str) -> E164:
    number, written = _parsed(to, country_of(agent)), as_written(to)
    if written not in (None, number) and repository.has_written(
        tx, workspace_id, agent.id, written
    ):
        return written
    if isinstance(number, NotANumber):
        return _phone_of(tx, workspace_id, to, "to", number)
    return number


def _parsed(text: str, country: str | None) -> E164 | NotANumber:
    try:
        return parse_number(text, country)
    except NotANumber as error:
        return error


def _answerable(message: Message) -> E164:
    if not is_number(message.from_address):
        raise Invalid("replyTo", _NOT_ANSWERABLE)
    return E164(message.from_address)


def _phone_of(
    tx: Tx, workspace_id: str, agent_id: str, field: str, fault: object = _NEITHER
) -> E164:
    """Return the number of an agent; `fault` is what is wrong with `agent_id` if it is none's."""
    agent = agents.find_agent(tx, workspace_id, agent_id)
    if agent is None:
        raise Invalid(
            field, str(fault) if field != "to" or not AGENT_ID.fullmatch(agent_id) else _NEITHER
        )
    if agent.phone is None:
        raise Missing("The agent you write to has no phone number.")
    return agent.phone
