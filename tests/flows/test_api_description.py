"""What the OpenAPI document promises, asked of a running hub; and the page that shows it."""

import re
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from openapi_schema_validator import OAS31Validator

from tests.flows.houses import House, refused
from tests.flows.hubs import DEMO, HANDSET, Caller, StartHub

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.sqlite]

DOCS: Final = "/admin/api-docs"


def application(house: House) -> FastAPI:
    """Return the FastAPI application within a hub's."""
    app: Any = house.hub.running.app
    while not isinstance(app, FastAPI):
        app = app._app
    return app


async def document(caller: Caller) -> dict[str, Any]:
    read: dict[str, Any] = (await caller.get("/openapi.json")).json()
    return read


async def test_case_a15_every_path_that_is_served_is_described(house: House) -> None:
    served = {
        (method.lower(), route.path)
        for route in application(house).routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in (route.methods or set()) - {"HEAD"}
    }
    read = (await house.hub.operator.get("/openapi.json")).json()
    described = {(method, path) for path, item in read["paths"].items() for method in item}

    assert described == served | {("post", "/mcp"), ("get", "/media/{token}")}
    assert read["servers"] == [{"url": house.hub.base_url}]


async def test_case_a15_a_token_may_call_whatever_its_document_has(house: House) -> None:
    for caller in (house.ann, house.admin):
        for path, item in (await document(caller))["paths"].items():
            for method in item:
                response = await house.hub.client.request(
                    method,
                    path,
                    content=b"[]" if method == "post" else None,
                    headers={
                        "Authorization": f"Bearer {caller.token}",
                        "Content-Type": "application/json",
                    },
                )
                assert str(response.status_code) in item[method]["responses"], path
                assert response.status_code not in (401, 403, 405, 500), path
                assert response.status_code != 404 or "{" in path, path


async def test_every_answer_that_a_range_may_have_is_described(house: House) -> None:
    paths = (await document(house.ann))["paths"]
    for path in ("/api/v1/media/{medium_id}", "/media/{token}"):
        assert {"200", "206", "416"} <= paths[path]["get"]["responses"].keys(), path


async def test_case_a15_what_an_agents_document_lacks_is_not_for_agents(house: House) -> None:
    for_agents = (await document(house.ann))["paths"]
    read = (await house.hub.operator.get("/openapi.json")).json()["paths"]

    for path in read.keys() - for_agents.keys():
        method = next(iter(read[path]))
        headers = {"Authorization": f"Bearer {house.ann.token}"}
        response = await house.hub.client.request(method, path, headers=headers)
        assert response.status_code in (403, 404), path


async def test_what_is_read_fits_its_schema(house: House) -> None:
    sent = (await house.ann.send(HANDSET, "hello"))["messageId"]
    asked = {
        "/api/v1/tools": "/api/v1/tools",
        "/api/v1/messages": "/api/v1/messages?agentId=ann",
        "/api/v1/messages/{message_id}": f"/api/v1/messages/{sent}",
        "/health": "/health",
        "/health/ready": "/health/ready",
    }
    for caller in (house.ann, house.admin):
        read = await document(caller)
        for path, target in asked.items():
            answer = read["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            schema = {**answer["schema"], "components": read["components"]}
            response = await caller.get(target)
            assert response.status_code == 200
            assert list(OAS31Validator(schema).iter_errors(response.json())) == []


async def test_the_frameworks_own_description_is_what_an_admin_is_told(house: House) -> None:
    assert application(house).openapi() == await document(house.admin)


async def test_the_frameworks_own_pages_are_not_there(house: House) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert refused(await house.hub.client.get(path), 404, "not_found")


# --- the page ------------------------------------------------------------------------------------


async def test_the_page_is_safe_to_show_to_anybody(house: House) -> None:
    response = await house.hub.client.get(DOCS)

    policy = response.headers["content-security-policy"]
    assert response.status_code == 200
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "form-action 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|style=|\son\w+=", response.text)
    assert not re.search(r"(?:src|href)=\"(?!api-docs/|data:,)", response.text)
    assert not re.search(r"<input[^>]* name=", response.text)  # nothing of it could get into a URL
    assert (await house.hub.client.head(DOCS)).status_code == 200


async def test_every_file_of_the_page_is_served_by_the_hub_itself(house: House) -> None:
    page = (await house.hub.client.get(DOCS)).text
    files = re.findall(r"(?:src|href)=\"(api-docs/[^\"]+)\"", page)

    assert len(files) == 4
    for file in files:
        response = await house.hub.client.get(f"/admin/{file}")
        assert response.status_code == 200
        assert len(response.content) > 200
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-type"].startswith(("text/javascript", "text/css"))


@pytest.mark.parametrize("demo", [True, False])
async def test_the_page_says_in_demo_mode_that_nothing_is_real(
    start_hub: StartHub, demo: bool
) -> None:
    async with start_hub(toml=DEMO.replace("demo = true", f"demo = {str(demo).lower()}")) as hub:
        page = (await hub.client.get(DOCS)).text

    assert ("Nothing reaches a real phone." in page) == demo


@pytest.mark.parametrize("demo", [True, False])
async def test_a_browser_finds_the_pages_from_the_bare_address(
    start_hub: StartHub, demo: bool
) -> None:
    async with start_hub(toml=DEMO.replace("demo = true", f"demo = {str(demo).lower()}")) as hub:
        root = await hub.client.get("/")
        entries = [await hub.client.get(path) for path in ("/admin", "/admin/")]

    leads_to = root.headers.get("location")
    assert (root.status_code, leads_to) == ((307, "demo/") if demo else (404, None))
    assert [each.status_code for each in entries] == [307, 307]
    assert {str(each.url.join(each.headers["location"]).path) for each in entries} == {DOCS}
