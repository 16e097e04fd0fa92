"""Which connections can carry a message, and what it costs over one."""

from trunkline.core.agents.models import Agent
from trunkline.core.channels import ChannelRules
from trunkline.core.connections.registry import Connection
from trunkline.core.messages.content import Content
from trunkline.core.problems import Invalid, Missing, NotReady, Unsupported
from trunkline.sdk import KINDS, Capability


def carriers(
    rules: ChannelRules, content: Content, candidates: tuple[Connection, ...]
) -> tuple[Connection, ...]:
    """
    Return those of the candidates that can carry what is sent, best first.

    What is too long for a provider goes over the others. A template of the hub's goes over those
    whose provider has it, if any has: the others take it as a text, which they may have to refuse.
    """
    candidates = tuple(
        each
        for each in candidates
        if not _is_too_long(each, rules, content) and _records(each, content)
    )
    known = {each.connection for each in content.at_providers}
    having = tuple(
        each
        for each in candidates
        if each.name in known and Capability.WHATSAPP_TEMPLATE in each.spec.capabilities
    )
    return having or candidates


def estimate(
    rules: ChannelRules, connection: Connection, recipient: str, units: int, *, with_media: bool
) -> tuple[int | None, str | None]:
    """Return what a message will cost over a connection, in micro-units of a currency, if known."""
    prices = connection.spec.prices
    if prices is None:
        return None, None
    return rules.price(prices, recipient, units, with_media=with_media), prices.currency


def _is_too_long(connection: Connection, rules: ChannelRules, content: Content) -> bool:
    most = connection.spec.most_characters
    content = rules.over(content, connection.name, connection.spec.capabilities)
    return most is not None and content.template is None and len(content.body) > most


def _records(connection: Connection, content: Content) -> bool:
    """Tell whether a connection can record what is to be recorded, if anything is."""
    return not content.record or Capability.CALL_RECORD in connection.spec.capabilities


def check_ability(connection: Connection, rules: ChannelRules, content: Content) -> None:
    """Refuse what the agent's connection cannot carry, by what is missing."""
    able, name = connection.spec.capabilities, connection.spec.name
    if not rules.needs(with_media=False) <= able:
        raise Unsupported(
            "channel", f"the provider '{name}' does not send {KINDS[rules.kind].noun}."
        )
    if content.media and not rules.needs(with_media=True) <= able:
        raise Unsupported(
            "mediaUrl",
            f"the provider '{name}' does not send media. Put a link into the text, "
            "or ask the operator for a provider that does.",
        )
    if content.template and not rules.needs(with_media=False, with_template=True) <= able:
        raise Unsupported("templateId", f"the provider '{name}' has no templates.")
    if not _records(connection, content):
        raise Unsupported(
            "recordResponse", f"the provider '{name}' does not record calls: leave it out."
        )
    if _is_too_long(connection, rules, content):
        most = connection.spec.most_characters
        raise Invalid("body", f"the provider '{name}' takes at most {most:,} characters.")


def check_ready(agent: Agent, rules: ChannelRules) -> None:
    """Refuse an address that may not be used yet, before its provider or a carrier does."""
    unready = agent.unready_for(rules.name)
    if unready is None:
        return
    why = unready.reason or "Its registration is not there."
    if unready.status == "pending":
        raise NotReady(f"The agent's {rules.address} may not be used yet: it is in review. {why}")
    raise Missing(f"The agent's {rules.address} may not be used. {why}")
