"""Which machines a token may have the hub connect to, beside what HTTP requests are held to."""

import asyncio
import socket
from collections.abc import Mapping

from trunkline.core.credentials.models import Value
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid
from trunkline.egress import is_public


async def check_hosts(principal: Principal, values: Mapping[str, Value | None]) -> None:
    """
    Refuse hosts within the operator's network, where a token names them.

    Who sits at the machine may name any. What has no address yet is for the provider to tell.

    Raises:
        Invalid: One of a host's addresses is not public.
    """
    if principal.scope is Scope.LOCAL:
        return
    for field, value in values.items():
        if not isinstance(value, str) or not (field == "host" or field.endswith("_host")):
            continue
        if not all(is_public(each) for each in await _addresses(value)):
            raise Invalid(
                f"credentials.{field}",
                "this host is within the hub's own network. An operator names such in the "
                "settings, or with `trunkline providers set`.",
            )


async def _addresses(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(each[4][0]) for each in found]
