"""What serves an agent that is simulated: connections that reach nobody and are not billed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trunkline.core.agents.models import Agent
from trunkline.core.problems import Missing
from trunkline.sdk import KINDS

if TYPE_CHECKING:
    from trunkline.core.connections.registry import Connection, Connections


def harmless(
    connections: Sequence[Connection], agent: Agent, kind: str, slot: Sequence[str]
) -> Connection:
    """
    Return the best of a kind's connections for an agent that is simulated.

    Raises:
        Missing: None is harmless, or usable; the sentence says what to install.
    """
    reaches = bool(KINDS[kind].channels)
    able = [
        each for each in connections if each.spec.simulated or (each.spec.local and not reaches)
    ]
    first = (agent.connection_for(kind), *slot)
    # A simulated storage forgets, and a simulated voice only hums: what is local is better.
    able.sort(key=lambda each: (each.name not in first, each.spec.simulated, each.unasked))
    for each in able:
        if not each.fault:
            return each
    if able:
        raise Missing(f"The connection '{able[0].name}' is not usable: {able[0].fault}")
    raise Missing(
        f"This agent is simulated, and no plugin here simulates {kind}: install the package "
        f"trunkline-demo, or let the agent be live (`trunkline agents mode {agent.id} live`)."
    )


def is_simulated_for(connections: Connections, agent: Agent, kind: str) -> bool:
    """Tell whether a simulated network serves an agent in a kind, live or not."""
    try:
        return connections.is_simulated(agent) or connections.for_agent(agent, kind).spec.simulated
    except Missing:
        return False
