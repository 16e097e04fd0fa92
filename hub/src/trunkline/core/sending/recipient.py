"""Reading `to` and `from`: whom the caller means."""

from typing import Final

from trunkline.core.addresses import canonical, read_email, spellings
from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import AGENT_ID, Agent
from trunkline.core.channels import CHANNELS, ChannelRules
from trunkline.core.compliance.people import addresses_of
from trunkline.core.messages import repository
from trunkline.core.messages.models import Message, SendMessage
from trunkline.core.numbers import (
    NotANumber,
    as_written,
    is_short_code,
    parse_number,
    region_of,
)
from trunkline.core.problems import Invalid, Missing
from trunkline.sdk import E164, Tx

_IS_MAIL: Final = "this is an e-mail address: write to it with the channel email."
_IDS: Final = ("@lid", "@c.us", "@g.us", "@s.whatsapp.net", "@newsletter", "@broadcast")
"""So end chats of WhatsApp, which are no mail addresses."""

_NO_AGENT: Final = "no such agent."
_NOBODY: Final = (
    "nobody that you have messages of: give a phone number, an e-mail address, an agent's id, or a "
    "name or short code that has written to you."
)
_NOT_ANSWERABLE: Final = (
    "that message came from a short code or a name, which cannot be written to. "
    "Find another way to reach who sent it."
)


def read_recipient(
    tx: Tx,
    workspace_id: str,
    sender: Agent,
    command: SendMessage,
    answered: Message | None,
    rules: ChannelRules,
    answer_to: str | None = None,
) -> str:
    """
    Return the address that a message goes to.

    `to` is an address of the channel (a number as in E.164, or as dialled in the agent's country)
    or an agent's id; without one an answer goes to whoever wrote. They are answered at exactly the
    address that wrote, whether the library takes that for a number or not; or where they want
    answers (`answer_to`), if that is told.
    """
    is_named = command.to is not None or command.to_agent_id is not None
    if (command.to is not None and command.to_agent_id is not None) or not (answered or is_named):
        or_alone = "" if command.content.voice is not None else ", or replyTo alone"
        raise Invalid("to", f"give exactly one of to and toAgentId{or_alone}.")
    if answered is not None and answered.channel != rules.name:
        raise Invalid("channel", f"that message came by {answered.channel}: answer it by that.")
    if answered is not None and not is_named:
        wanted = rules.read_address(answer_to, None) if answer_to else None
        return wanted or _answerable(answered, rules)
    if command.to_agent_id is not None:
        recipient = _address_of(
            tx, workspace_id, command.to_agent_id, "toAgentId", rules, _NO_AGENT
        )
    else:
        to = (command.to or "").strip()
        if answered is not None and to == answered.contact:
            return _answerable(answered, rules)
        recipient = _read(tx, workspace_id, sender, to, rules)
    if answered is None or (answer_to and canonical(answer_to) == canonical(recipient)):
        return recipient
    theirs = (
        *map(canonical, spellings(answered.contact)),
        *addresses_of(tx, workspace_id, answered.contact),
    )
    if canonical(recipient) not in theirs:
        raise Invalid("replyTo", "that message is somebody else's than you write to.")
    return _answerable(answered, rules)


def _read(tx: Tx, workspace_id: str, sender: Agent, to: str, rules: ChannelRules) -> str:
    if not rules.dialled:
        found = rules.read_address(to, None)
        return found or _address_of(tx, workspace_id, to, "to", rules, rules.neither)
    if rules.read_address(to, None) == to and not as_written(to):  # a user id
        return to
    if "@" in to:
        is_mail = not to.endswith(_IDS) and read_email(to) is not None
        raise Invalid("to", _IS_MAIL if is_mail else rules.neither)
    return _number_of(tx, workspace_id, sender, to, rules)


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
        return _all_of(tx, workspace_id, text, field)
    for rules in CHANNELS.values():
        if not rules.dialled and (address := rules.read_address(text, None)) is not None:
            return spellings(address)
    if text.endswith("@lid"):
        return addresses_of(tx, workspace_id, text)
    number, written = _parsed(text, country_of(agent)), as_written(text)
    found = [] if isinstance(number, NotANumber) else list(spellings(number))
    if written is not None:
        found.append(written)
    if is_short_code(text) or (
        not found and repository.has_written(tx, workspace_id, agent.id, text)
    ):
        found.append(text)
    found += addresses_of(tx, workspace_id, found[0] if found else text)[1:]
    if not found:
        raise Invalid(field, _NOBODY)
    return tuple(dict.fromkeys(found))


def country_of(agent: Agent) -> str | None:
    """Return the region whose national numbers an agent may write."""
    if agent.country or agent.phone is None:
        return agent.country
    return region_of(agent.phone)


def _number_of(tx: Tx, workspace_id: str, agent: Agent, to: str, rules: ChannelRules) -> E164 | str:
    number, written = _parsed(to, country_of(agent)), as_written(to)
    if written not in (None, number) and repository.has_written(
        tx, workspace_id, agent.id, written
    ):
        return written
    if isinstance(number, NotANumber):
        return _address_of(tx, workspace_id, to, "to", rules, number)
    return number


def _parsed(text: str, country: str | None) -> E164 | NotANumber:
    try:
        return parse_number(text, country)
    except NotANumber as error:
        return error


def _answerable(message: Message, rules: ChannelRules) -> str:
    if not rules.answerable(message.contact):
        raise Invalid("replyTo", _NOT_ANSWERABLE)
    return message.contact


def _all_of(tx: Tx, workspace_id: str, agent_id: str, field: str) -> tuple[str, ...]:
    """Return every address of an agent, as it may stand in messages."""
    agent = agents.find_agent(tx, workspace_id, agent_id)
    addresses = agent.addresses.values() if agent else ()
    if not addresses:
        raise Missing(f"The agent you name in {field} has no address.")
    return tuple(dict.fromkeys(one for each in addresses for one in spellings(each)))


def _address_of(
    tx: Tx,
    workspace_id: str,
    agent_id: str,
    field: str,
    rules: ChannelRules,
    fault: object,
) -> str:
    """Return the address of an agent; `fault` is what is wrong with `agent_id` if it is none's."""
    agent = agents.find_agent(tx, workspace_id, agent_id)
    if agent is None:
        is_id = AGENT_ID.fullmatch(agent_id)
        raise Invalid(field, str(fault) if field != "to" or not is_id else rules.neither)
    address = agent.address(rules.name)
    if address is None:
        raise Missing(f"The agent you write to has no {rules.address}.")
    return address
