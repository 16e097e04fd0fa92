"""A hub whose public URL has a path: behind a proxy that strips it, one that does not, and none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urljoin

import httpx2
import pytest

from tests.flows.hubs import ANN, DEMO, Caller, Served, StartHub

pytestmark = pytest.mark.sqlite

PUBLIC: Final = "https://hub.example/comms"
SETTINGS: Final = DEMO.replace(
    "demo = true", f'demo = true\nlegacy_sse = true\npublic_url = "{PUBLIC}"'
)


@pytest.fixture
async def served(start_hub: StartHub) -> AsyncIterator[Served]:
    async with start_hub(toml=SETTINGS) as hub:
        yield hub


@pytest.fixture
async def ann(served: Served) -> Caller:
    return await served.agent("ann", ANN)


@asynccontextmanager
async def announced(ann: Caller, path: str) -> AsyncIterator[str]:
    """Open a stream of the old transport; yield where it wants clients to post."""
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with (
        httpx2.AsyncClient(base_url=ann.base_url, headers=headers, timeout=10) as http,
        http.stream("GET", path) as response,
    ):
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                yield line.removeprefix("data: ")
                return


@pytest.mark.parametrize("path", ["/sse", "/comms/sse"])
async def test_case_e7_the_old_transports_stream_names_the_public_path(
    ann: Caller, path: str
) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with announced(ann, path) as where:
        taken = [
            await ann.client.post(each, json=ping, headers=headers)
            for each in (where, where.removeprefix("/comms"))
        ]

    assert urljoin(f"{PUBLIC}/sse", where).startswith(f"{PUBLIC}/sse/messages?session_id=")
    assert [answer.status_code for answer in taken] == [202, 202]


async def test_case_e7_whatever_the_page_loads_lies_below_the_path_it_came_by(
    ann: Caller,
) -> None:
    page = (await ann.client.get("/admin/api-docs")).text
    loaded = [
        each.partition('"')[0]
        for attribute in ('href="', 'src="')
        for each in page.split(attribute)[1:]
        if not each.startswith("data:")
    ]

    assert len(loaded) == 4
    for each in loaded:
        url = urljoin(f"{PUBLIC}/admin/api-docs", each)
        assert url.startswith(f"{PUBLIC}/admin/api-docs/")
        assert (await ann.client.get(url.removeprefix(PUBLIC))).status_code == 200


@pytest.mark.parametrize("path", ["/commsx/health", "/comms", "/comms/comms/health"])
async def test_case_e7_no_other_path_is_taken_for_one_below_it(ann: Caller, path: str) -> None:
    assert (await ann.client.get("/comms/health")).status_code == 200
    assert (await ann.client.get(path)).status_code == 404
