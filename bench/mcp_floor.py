"""The MCP SDK's own server with one tool that does nothing: stateless, and answering in JSON."""

from mcp.server import MCPServer
from starlette.responses import Response
from starlette.routing import Route

server = MCPServer("floor", log_level="WARNING")


@server.tool(name="comms_send_message")
def send_message(to: str, channel: str, body: str, idempotencyKey: str) -> dict[str, str]:  # noqa: N803 - its name on the wire
    """Send nothing."""
    return {"messageId": idempotencyKey, "status": "sent"}


app = server.streamable_http_app(json_response=True, stateless_http=True)
app.router.routes.append(Route("/health", lambda _: Response()))
