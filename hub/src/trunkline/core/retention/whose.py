"""Whom an operator means by an address."""

import re
from typing import Final

import sqlalchemy as sa

from trunkline.core.addresses import canonical, read_email
from trunkline.core.compliance.people import addresses_of
from trunkline.core.numbers import as_written
from trunkline.core.problems import Invalid
from trunkline.db.schema import agent_addresses
from trunkline.sdk import Tx

_ID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")
"""By which WhatsApp knows who does not show a number."""
_SHORTEST: Final = 8


def whose(tx: Tx, workspace_id: str, text: str) -> tuple[str, ...]:
    """
    Return every address of whoever has one, that one first.

    Raises:
        Invalid: It is none, or it is an agent's.
    """
    number = as_written(text)
    read = read_email(text) or number or (text if _ID.fullmatch(text) else None)
    if read is None or (number is not None and len(number) < _SHORTEST):
        raise Invalid(
            "address",
            "give a number with its country such as +14155550100, an e-mail address, or the id by "
            "which WhatsApp knows a person.",
        )
    found = addresses_of(tx, workspace_id, canonical(read))
    agents = sa.select(agent_addresses.c.id).where(
        agent_addresses.c.workspace_id == workspace_id, agent_addresses.c.address.in_(found)
    )
    if tx.execute(agents).first() is not None:
        raise Invalid("address", "an agent has it. Only contacts can be exported and erased.")
    return found
