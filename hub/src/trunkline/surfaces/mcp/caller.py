"""Who makes an MCP request, as the HTTP request that carries it says."""

from typing import TYPE_CHECKING, Any, Final

from trunkline.core.principal import Principal

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext

PRINCIPAL: Final = "trunkline.principal"
"""Where a request's scope says who calls."""


def caller(context: "ServerRequestContext[Any]") -> Principal:
    """Return who makes the request that `context` is of."""
    assert context.request is not None  # over HTTP there always is one
    principal: Principal = context.request.scope[PRINCIPAL]
    return principal
