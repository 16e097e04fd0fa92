"""Reading `to`: whom the caller means."""

import re
from functools import lru_cache
from typing import Final

import phonenumbers

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.messages.models import SendMessage
from trunkline.core.problems import Invalid, Missing, Unsupported
from trunkline.sdk import E164, Tx

_REMEMBERED: Final = 1024
"""Numbers whose reading is remembered: it takes as long as all SQL of a send."""

# The library finds numbers inside other text and drops extensions: "bot-2025550150" would be one.
_WRITTEN_NUMBER: Final = re.compile(r"\+?[\d\s().-]+")


def read_recipient(tx: Tx, workspace_id: str, sender: Agent, command: SendMessage) -> E164:
    """
    Return the number a text goes to.

    `to` is read in this order: an e-mail address, a phone number (E.164, or as dialled in the
    agent's country), an agent's id.
    """
    if (command.to is None) == (command.to_agent_id is None):
        raise Invalid("to", "give exactly one of to and toAgentId.")
    if command.to_agent_id is not None:
        return _phone_of(tx, workspace_id, command.to_agent_id, "toAgentId")
    to = (command.to or "").strip()
    if "@" in to:
        raise Unsupported("to", "this is an e-mail address; the hub cannot send e-mail yet.")
    return read_number(tx, workspace_id, sender, to, "to")


def read_number(tx: Tx, workspace_id: str, agent: Agent, text: str, field: str) -> E164:
    """Return the number that a phone number, as `agent` may write it, or an agent's id means."""
    number = parse_number(text, country_of(agent))
    return number or _phone_of(tx, workspace_id, text, field)


@lru_cache(_REMEMBERED)
def parse_number(text: str, country: str | None) -> E164 | None:
    """Return `text` as a valid number, or None; `country` is where national forms are dialled."""
    if not _WRITTEN_NUMBER.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return E164(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def country_of(agent: Agent) -> str | None:
    """Return the region whose national numbers an agent may write."""
    if agent.country or agent.phone is None:
        return agent.country
    return region_of(agent.phone)


@lru_cache(_REMEMBERED)
def region_of(number: E164) -> str | None:
    """Return the region a number belongs to, such as ``US``; None if it belongs to none."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return None if region is None else str(region)


def _phone_of(tx: Tx, workspace_id: str, agent_id: str, field: str) -> E164:
    agent = agents.find_agent(tx, workspace_id, agent_id)
    if agent is None:
        raise Invalid(
            field, "neither a valid phone number (such as +14155550100) nor the id of an agent."
        )
    if agent.phone is None:
        raise Missing("The agent you write to has no phone number.")
    return agent.phone
