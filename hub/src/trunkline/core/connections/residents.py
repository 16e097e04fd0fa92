"""Which addresses of a simulated network are those of the hub's own agents."""

from collections.abc import Mapping
from dataclasses import dataclass

from trunkline.core.addresses import spellings
from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import SHARED_ADDRESSES, Agent
from trunkline.core.connections.registry import Connections
from trunkline.core.connections.simulation import is_simulated_for
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.sdk import Database, Tx


@dataclass(frozen=True, slots=True)
class Residents:
    """
    Tells a simulated network whom it brings messages to.

    `kinds` has the kind of provider that carries each channel.
    """

    db: Database
    connections: Connections
    kinds: Mapping[str, str]

    async def lives_at(self, channel: str, address: str) -> bool:
        """Tell whether an address is an agent's whom a simulated network serves."""

        def find(tx: Tx) -> Agent | None:
            its = SHARED_ADDRESSES.get(channel, channel)
            found = (
                agents.find_agent_by_address(tx, DEFAULT_WORKSPACE, its, each)
                for each in spellings(address)
            )
            return next(filter(None, found), None)

        agent = await self.db.peek(find)
        kind = self.kinds[channel]
        return agent is not None and is_simulated_for(self.connections, agent, kind)
