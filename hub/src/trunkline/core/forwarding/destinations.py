"""Where an agent's messages are forwarded to, and whether they may be."""

from collections.abc import Sequence
from urllib.parse import quote

from trunkline.core.agents.models import Agent
from trunkline.egress import url_fault
from trunkline.sdk import NotConfigured

PLACEHOLDER = "{agentId}"
_HIDDEN = "********"


def shown(url: str) -> str:
    """Return a callback URL without what may be a secret in it: its query, and a password."""
    scheme, divider, rest = url.partition("://")
    place, question, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    user, at, host = host.rpartition("@")
    hidden = f"{_HIDDEN}@" if at else user
    return f"{scheme}{divider}{hidden}{host}{slash}{path}" + (f"?{_HIDDEN}" if question else "")


class Destinations:
    """
    The callback URLs of one hub.

    Args:
        for_all: The URL of every agent that has none of its own, or None; it may hold `{agentId}`.
        allow: Origins that a callback URL may lead to though they are not out on the internet.

    Raises:
        NotConfigured: `for_all` leads to where no request may go.
    """

    def __init__(self, for_all: str | None, allow: Sequence[str]) -> None:
        self._for_all = for_all
        self._allow = allow
        fault = self.fault(for_all.replace(PLACEHOLDER, "agent")) if for_all else None
        if fault:
            raise NotConfigured(f"messages.callback_url: {fault}")

    def of(self, agent: Agent) -> str | None:
        """Return an agent's callback URL; its own before that of all."""
        if agent.callback_url or not self._for_all:
            return agent.callback_url
        return self._for_all.replace(PLACEHOLDER, quote(agent.id, safe=""))

    def fault(self, url: str) -> str | None:
        """
        Return what is wrong with a URL as far as it tells itself, or None.

        Where its host's name leads is looked at when the connection is made, each time anew.
        """
        if "#" in url:
            return "leave out the #fragment: it is never sent."
        if "@" in url.partition("://")[2].partition("/")[0]:
            return "leave out the user's name and password: forwards are signed instead."
        fault = url_fault(url, self._allow)
        if fault is None:
            return None
        return f'{fault}. To allow it, list "http://host:port" in [messages] callback_allow.'
