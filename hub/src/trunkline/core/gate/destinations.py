"""Where an agent may send to and call: who dials the wrong countries pays for it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from trunkline.core.agents.models import Agent
from trunkline.core.channels import Block, ChannelRules
from trunkline.core.numbers import costs_extra, is_number, regions_of
from trunkline.settings.money import ANYWHERE

_RULE: Final = "destination"


@dataclass(frozen=True, slots=True)
class Destinations:
    """
    The rule of destinations.

    `allowed` are country codes; without any an agent reaches its own country.
    """

    allowed: Collection[str]

    def block(self, agent: Agent, rules: ChannelRules, recipient: str) -> Block | None:
        """Judge where an act goes; None lets it pass."""
        if not rules.dialled or not is_number(recipient):
            return None
        if costs_extra(recipient):
            return Block(
                rule=_RULE,
                sentence="Numbers of this kind (premium, shared cost, satellite) cost whoever "
                "dials them extra, and the hub does not. Use an ordinary number of theirs.",
                field="to",
            )
        allowed = frozenset(self.allowed) or _home(agent, rules)
        if not allowed or ANYWHERE in allowed or allowed & regions_of(recipient):
            return None
        return Block(
            rule=_RULE,
            sentence="The number is in a country that this agent may not reach. An operator can "
            "allow it: money.allowed_countries in the settings.",
            field="to",
        )


def _home(agent: Agent, rules: ChannelRules) -> frozenset[str]:
    """Return an agent's own country; nothing if nobody can tell."""
    if agent.country is not None:
        return frozenset({agent.country})
    own = agent.address(rules.name)
    return regions_of(own) if own is not None else frozenset()
