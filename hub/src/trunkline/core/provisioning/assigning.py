"""Making something the agent's own, in the transaction that says so."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import AgentStatus
from trunkline.core.provisioning.models import ADDRESS_OF, Row, Step
from trunkline.core.provisioning.pool_rows import is_pooled
from trunkline.sdk import Clock, IdSource, Readiness, Tx


@dataclass(frozen=True, slots=True)
class Assigning:
    """Gives agents their addresses, and notes whether those may be used."""

    clock: Clock
    ids: IdSource
    serves: Callable[[Tx, Row], None] = lambda tx, row: None
    """Is told in the transaction of what an agent gets, and so of the account that it is in."""

    def assign(self, tx: Tx, row: Row) -> Row:
        """Give an agent the address of a row; where that is another's, it is given back."""
        channel, address = ADDRESS_OF[row.part], row.address
        assert address is not None  # it has come so far
        agent = agents.find_agent(tx, row.workspace_id, row.agent_id)
        owner = agents.find_agent_by_address(tx, row.workspace_id, channel, address)
        if owner is not None and owner.id != row.agent_id:
            return replace(row, step=Step.RELEASING, reason="Another agent has this address.")
        if is_pooled(row.agent_id):
            return row  # it is ready for an agent, and nobody's yet
        if agent is None or agent.status is AgentStatus.DEPROVISIONED:
            return replace(row, step=Step.RELEASING, reason="The agent is no more.")
        if agent.address(channel) != address:
            row_id, now = self.ids.new("row"), self.clock.now()
            agents.set_address(tx, row.workspace_id, row_id, row.agent_id, channel, address, now)
        self.serves(tx, row)
        return self.note(tx, row)

    def note(self, tx: Tx, row: Row) -> Row:
        """Note at the agent's address whether it may be used."""
        readiness = row.readiness or Readiness.READY
        channel, address = ADDRESS_OF[row.part], row.address or ""
        agents.set_readiness(
            tx, row.workspace_id, row.agent_id, channel, address, readiness.value, row.reason
        )
        return row


def used_by(tx: Tx, row: Row) -> str | None:
    """Return which agent has the address of a row, if one has."""
    channel = ADDRESS_OF.get(row.part)
    if channel is None or row.address is None:
        return None
    owner = agents.find_agent_by_address(tx, row.workspace_id, channel, row.address)
    return None if owner is None else owner.id
