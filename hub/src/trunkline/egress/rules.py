"""Where requests may go: to the vendors named in the configuration, and out to the internet."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import httpx2

from trunkline.egress.addresses import is_public

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LABEL: Final = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
# Resolvers take 2130706433, 127.1 and 0x7f.1 for addresses.
# https://url.spec.whatwg.org/#ends-in-a-number-checker
_ENDS_IN_A_NUMBER: Final = re.compile(r"(^|\.)([0-9]+|0x[0-9a-f]*)\.?$")


class EgressDenied(httpx2.ConnectError):
    """A request to where none may go. Surely nothing was sent; trying again is no use."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"The request to '{host}' was not sent: {reason}.")
        self.host = host
        self.reason = reason


class Origin(NamedTuple):
    """Whom a URL leads to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx2.URL) -> "Origin":
        """Return a URL's origin."""
        port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
        return cls(url.scheme, url.raw_host.decode("ascii"), port)


class Rules:
    """
    The rules of one client.

    Args:
        allow: URLs to whose origins no rule applies. Texts that are no such URL are passed over.
    """

    def __init__(self, allow: Iterable[str]) -> None:
        self.origins = frozenset(_origins(allow))
        self._endpoints = frozenset((each.host, each.port) for each in self.origins)

    def check(self, url: httpx2.URL) -> Origin:
        """
        Return the origin of a URL that may be asked, as far as the URL itself tells.

        Raises:
            EgressDenied: It may not.
        """
        origin = Origin.of(url)
        if origin in self.origins:
            return origin
        host = origin.host
        if url.userinfo:
            raise EgressDenied(host, "the URL holds a user's name or password")
        if not (origin.scheme and host):
            raise EgressDenied(host, "that is not a URL")
        if origin.scheme != "https":
            raise EgressDenied(host, "a URL outside the configuration must be https")
        if origin.port != _DEFAULT_PORTS["https"]:
            raise EgressDenied(host, "the port of a URL outside the configuration must be 443")
        if _is_address(host):
            self.check_addresses(host, origin.port, [host])
        elif not _NAME.fullmatch(host):
            raise EgressDenied(host, "that is no host's name")
        return origin

    def check_addresses(self, host: str, port: int, addresses: Sequence[str]) -> None:
        """
        Check every address that a host has.

        Raises:
            EgressDenied: One of them is not out on the internet.
        """
        if (host, port) in self._endpoints:
            return
        for address in addresses:
            if not is_public(address):
                raise EgressDenied(host, f"its address {address} is not public")


def may_be_public(host: str) -> bool:
    """Tell whether a URL's host, in ASCII, may be on the internet, as far as it tells itself."""
    if _is_address(host):
        return is_public(host)
    labels = host.removesuffix(".").split(".")
    return bool(_NAME.fullmatch(host)) and len(labels) > 1 and labels[-1] != "localhost"


def url_fault(url: str, allow: Iterable[str]) -> str | None:
    """Return why a URL can't be asked by the rules, as far as it tells itself, or None."""
    rules = Rules(allow)
    try:
        origin = rules.check(httpx2.URL(url))
    except httpx2.InvalidURL:
        return "that is not a URL"
    except EgressDenied as blocked:
        return blocked.reason
    if origin in rules.origins or may_be_public(origin.host):
        return None
    return "its host is not on the internet"


def _is_address(host: str) -> bool:
    return ":" in host or bool(_ENDS_IN_A_NUMBER.search(host))


def _origins(urls: Iterable[str]) -> Iterable[Origin]:
    for url in urls:
        try:
            origin = Origin.of(httpx2.URL(url))
        except httpx2.InvalidURL:
            continue
        if origin.scheme in _DEFAULT_PORTS and origin.host:
            yield origin
