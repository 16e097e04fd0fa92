"""The least that an HTTP server in Python does: read a request and answer that it has."""

from typing import Any


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer 200 to a GET and 204 to anything else."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    status = 200 if scope["method"] == "GET" else 204
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})
