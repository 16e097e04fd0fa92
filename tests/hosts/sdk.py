"""
What a client sees that is built on the official Python SDK, of its older generation or the newer.

Reads a job on stdin as `sdk.mjs` does, and prints what that prints. It is run by itself, with
whichever SDK there is.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

import mcp


async def main(job: dict[str, Any]) -> dict[str, Any]:
    """Connect, list the tools, make the calls."""
    async with AsyncExitStack() as stack:
        client = await (newer if hasattr(mcp, "Client") else older)(job, stack)
        listed = (await client.list_tools()).model_dump(mode="json", by_alias=True)
        results = []
        for call in job["calls"]:
            try:
                result = await client.call_tool(call["tool"], call["arguments"])
                results.append([each.text for each in result.content])
            except Exception as error:  # noqa: BLE001 - whatever it is, the model would read it
                results.append([f"thrown: {error}"])
        return {"tools": listed["tools"], "results": results}


async def newer(job: dict[str, Any], stack: AsyncExitStack) -> Any:
    """Return a client of the newer generation."""
    import httpx2
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client

    if "url" not in job:
        transport: Any = stdio_client(StdioServerParameters(**server(job)))
    else:
        http = httpx2.AsyncClient(headers=headers(job), timeout=30)
        transport = streamable_http_client(
            job["url"], http_client=await stack.enter_async_context(http)
        )
    return await stack.enter_async_context(mcp.Client(transport))


async def older(job: dict[str, Any], stack: AsyncExitStack) -> Any:
    """Return a client of the older generation."""
    from mcp.client import streamable_http
    from mcp.client.stdio import StdioServerParameters, stdio_client

    over_http: Any = vars(streamable_http)["streamablehttp_client"]  # it is not in the newer one
    transport: Any = (
        over_http(job["url"], headers=headers(job))
        if "url" in job
        else stdio_client(StdioServerParameters(**server(job)))
    )
    read, write, *_ = await stack.enter_async_context(transport)
    session = await stack.enter_async_context(mcp.ClientSession(read, write))
    await session.initialize()
    return session


def headers(job: dict[str, Any]) -> dict[str, str]:
    """Return what goes with each request."""
    return {"Authorization": f"Bearer {job['token']}"}


def server(job: dict[str, Any]) -> dict[str, Any]:
    """Return how the server is started."""
    return {name: job[name] for name in ("command", "args", "env")}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(json.load(sys.stdin)))))
