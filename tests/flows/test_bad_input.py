"""Input that is wrong: a documented code, a sentence, no echo, nothing stored."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from tests.flows.houses import House, refused
from tests.flows.hubs import HANDSET
from tests.flows.mistakes import MISTAKES, PLANTED, Mistake
from tests.flows.results import facts_of, problem_of
from trunkline.surfaces.catalogue import AGENT_OPERATIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEND = "/api/v1/tools/comms_send_message"


def is_sentence(problem: Mapping[str, Any]) -> bool:
    """Tell whether a problem says what to do, and does not repeat what was wrong."""
    detail = problem["detail"]
    return len(detail) > 15 and detail.endswith(".") and PLANTED not in json.dumps(problem)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
async def test_a_mistake_is_named_and_nothing_is_stored(house: House, mistake: Mistake) -> None:
    before = house.hub.count("messages")
    response = await house.ann.post(mistake.tool, mistake.arguments)

    assert refused(response, mistake.http_status, mistake.code)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["field"] == mistake.field
    assert is_sentence(response.json())
    assert house.hub.count("messages") == before


async def test_a_time_without_its_zone_is_refused_with_an_example(house: House) -> None:
    answer = await house.ann.try_send(HANDSET, "hello", sendAt="2026-11-22T10:00:00")

    assert answer.json()["detail"] == (
        "sendAt: give a time with its zone, such as 2026-11-21T09:00:00Z."
    )


async def test_mcp_says_of_every_mistake_what_rest_says(house: House) -> None:
    async with house.ann.mcp() as client:
        for mistake in MISTAKES:
            rest = (await house.ann.post(mistake.tool, mistake.arguments)).json()
            result = await client.call_tool(mistake.tool, mistake.arguments)

            (content,) = result.content
            assert result.is_error, str(mistake)
            assert problem_of(result) == rest, str(mistake)
            assert content.type == "text"
            assert content.text == f"{rest['code']}: {rest['detail']}"


# --- not even JSON --------------------------------------------------------------------------------


def post(house: House, content: bytes, content_type: str | None = "application/json") -> Any:
    """Post raw bytes to the operation that sends."""
    headers = {"Authorization": f"Bearer {house.ann.token}"}
    if content_type is not None:
        headers["Content-Type"] = content_type
    return house.hub.client.post(SEND, content=content, headers=headers)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b'{"body": NaN}',
        b'{"body": -Infinity}',
        b'{"limit": %s}' % (b"9" * 5_000),
        '{"body": "a"}'.encode("utf-16"),
        '{"body": "a"}'.encode("utf-16-le"),
        '{"body": "a"}'.encode("utf-32-be"),
        '{"body": "\u00e9"}'.encode("latin-1"),
    ],
    ids=lambda content: f"{content[:20]!r}",
)
async def test_case_a16_what_is_no_json_is_said_to_be_none_and_no_argument_is_named(
    house: House, content: bytes
) -> None:
    response = await post(house, content)

    assert refused(response, 422, "invalid")
    assert response.json()["detail"] == "The request is not JSON in UTF-8."
    assert "field" not in response.json()


@pytest.mark.parametrize(
    "content",
    [
        b'{"body":"a","body":"b"}',
        b'{"body":"a","\\u0062ody":"a"}',
        b'{"messages":[{"body":"a","body":"b"}]}',
    ],
)
async def test_an_object_that_names_a_field_twice_is_refused(house: House, content: bytes) -> None:
    response = await post(house, content)

    assert refused(response, 422, "invalid")
    assert response.json()["detail"] == "The request holds an object that names a field twice."


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "messages: give at least 1."),
        ({}, "messages: give a list."),
        (["a"], "messages.0: give an object."),
        (7, "messages: give a list."),
    ],
)
async def test_what_is_wrong_is_said_in_the_hubs_own_words(
    house: House, messages: Any, sentence: str
) -> None:
    response = await house.ann.post("comms_send_batch", {"messages": messages})

    assert refused(response, 422, "invalid")
    assert response.json()["detail"] == sentence


@pytest.mark.parametrize("content", [b"[]", b"null", b'"text"', b"17"])
async def test_case_a16_json_that_is_no_object_is_said_to_be_none(
    house: House, content: bytes
) -> None:
    response = await post(house, content)

    assert refused(response, 422, "invalid")
    assert response.json()["detail"].startswith("The request is JSON, but not an object")
    assert "field" not in response.json()


@pytest.mark.parametrize("depth", [33, 400, 900, 100_000])
@pytest.mark.parametrize("brackets", [b"[]", b"{}"])
async def test_json_that_is_nested_without_reason_is_invalid(
    house: House, depth: int, brackets: bytes
) -> None:
    opening = b"[" if brackets == b"[]" else b'{"a":'
    closing = brackets[1:]
    response = await post(
        house, b'{"body":' + opening * (depth - 1) + b"1" + closing * (depth - 1) + b"}"
    )

    assert refused(response, 422, "invalid")
    assert response.json()["detail"] == "The request is nested deeper than 32 levels."
    assert "field" not in response.json()


async def test_json_that_is_nested_as_deeply_as_allowed_is_read(house: House) -> None:
    response = await post(house, b'{"body":' + b"[" * 31 + b"]" * 31 + b"}")

    assert "nested" not in response.json()["detail"]


@pytest.mark.parametrize(
    "template",
    [
        '{"channel":"sms","to":"%s","body":"\\ud83d"}',
        '{"channel":"sms","to":"%s\\udfff","body":"hello"}',
        '{"channel":"sms","to":"%s","body":"hello","\\ud800":1}',
        '{"channel":"sms","to":"%s","body":"hello","idempotencyKey":"\\udc00"}',
    ],
)
async def test_half_a_surrogate_pair_is_no_text(house: House, template: str) -> None:
    before = house.hub.count("messages")
    response = await post(house, (template % HANDSET).encode())

    assert refused(response, 422, "invalid")
    assert house.hub.count("messages") == before


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
)
async def test_only_json_is_taken(house: House, content_type: str | None) -> None:
    body = json.dumps({"channel": "sms", "to": HANDSET, "body": "hello"}).encode()

    assert refused(await post(house, body, content_type), 415, "unsupported_media_type")


async def test_a_compressed_body_is_refused_as_such(house: House) -> None:
    headers = {
        "Authorization": f"Bearer {house.ann.token}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
    }
    for path in ("/api/v1/tools/comms_get_messages", "/mcp"):
        response = await house.hub.client.post(path, content=gzip.compress(b"{}"), headers=headers)
        assert refused(response, 415, "unsupported_media_type")


async def test_nine_megabytes_are_too_much(house: House) -> None:
    response = await post(house, b'{"body":"%s"}' % (b"x" * 9_000_000))

    assert refused(response, 413, "too_large")
    assert is_sentence(response.json())


# --- things that are not there --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["comms_fly", "COMMS_SEND_MESSAGE", "agents_create", "%00"])
async def test_an_operation_that_is_not_there_is_not_found(house: House, name: str) -> None:
    response = await house.hub.client.post(
        f"/api/v1/tools/{name}", json={}, headers={"Authorization": f"Bearer {house.ann.token}"}
    )

    assert refused(response, 404, "not_found")


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/tools/", "/api/v2/tools", "/../etc"])
async def test_a_path_that_is_not_there_is_not_found(house: House, path: str) -> None:
    response = await house.ann.get(path)

    assert response.status_code in (404, 307)
    assert response.status_code == 307 or refused(response, 404, "not_found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (SEND, "POST"),
        ("/api/v1/tools/comms_fly", "POST"),
        ("/api/v1/tools", "GET, HEAD"),
        ("/api/v1/messages", "GET, HEAD"),
        ("/api/v1/messages/x", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/health", "GET, HEAD"),
        ("/health/ready", "GET, HEAD"),
        ("/webhooks/ann/sms", "GET, POST"),
        ("/webhooks/connections/demo", "GET, POST"),
        ("/demo/handsets", "GET, HEAD"),
        ("/demo/faults", "DELETE, GET, HEAD, POST"),
        ("/demo/", "GET, HEAD"),
    ],
)
async def test_case_a14_a_method_that_is_not_allowed_is_told_which_are(
    house: House, path: str, allowed: str
) -> None:
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE"):
        response = await house.hub.client.request(method, path)

        assert refused(response, 405, "method_not_allowed")
        assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "limit=0",
        "limit=201",
        "limit=1_0",
        "limit=\u0665",
        "limit=1&limit=2",
        "cursor=a&cursor=b",
        f"limit={'9' * 5_000}",
        "cursor=x",
        "order=asc",
    ],
)
async def test_a_query_that_cannot_be_is_invalid(house: House, query: str) -> None:
    assert refused(await house.ann.get(f"/api/v1/messages?{query}"), 422, "invalid")


# --- raw MCP --------------------------------------------------------------------------------------


async def _rpc(house: House, arguments: bytes) -> httpx2.Response:
    """Call the tool that sends as a client of the stateless era does, with raw arguments."""
    version = b"2026-07-28"
    meta = (
        b'{"io.modelcontextprotocol/protocolVersion":"%s",'
        b'"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},'
        b'"io.modelcontextprotocol/clientCapabilities":{}}'
    )
    body = (
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"comms_send_message",'
        b'"arguments":%s,"_meta":%s}}' % (arguments, meta % version)
    )
    headers = {
        "Authorization": f"Bearer {house.ann.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": version.decode(),
        "Mcp-Method": "tools/call",
        "Mcp-Name": "comms_send_message",
    }
    return await house.hub.client.post("/mcp", content=body, headers=headers)


@pytest.mark.parametrize(
    "arguments",
    [
        b'{"channel":"sms","to":"+12025550150","body":"\\ud83d"}',
        b'{"body": NaN}',
        b"[]",
        b'"text"',
        b'{"body":' * 900 + b"1" + b"}" * 900,
        b'{"body":"%s"}' % (b"x" * 2_000_000),
        b'{"body":"%s"}' % (b"x" * 6_000_000),
    ],
    ids=lambda arguments: f"{arguments[:24]!r}…{len(arguments)}",
)
async def test_hostile_json_over_mcp_ends_in_an_error_and_not_in_a_failure(
    house: House, arguments: bytes
) -> None:
    before = house.hub.count("messages")
    response = await _rpc(house, arguments)

    assert response.status_code < 500
    assert response.status_code == 413 or "error" in response.text.lower()
    assert "Traceback" not in response.text
    assert house.hub.count("messages") == before


# --- what is left out, and whole numbers ----------------------------------------------------------


@pytest.mark.parametrize(("written", "count"), [("2.0", 2), ("0.2e1", 2), ("1e1", 10)])
async def test_case_a6_a_whole_number_may_be_written_with_a_fraction_of_nothing(
    house: House, written: str, count: int
) -> None:
    for number in range(3):
        await house.ben.send(HANDSET, f"whole {number}")
    path, headers = "/api/v1/tools/comms_get_messages", {"Content-Type": "application/json"}
    headers["Authorization"] = f"Bearer {house.ben.token}"
    answer = await house.hub.client.post(
        path, content=f'{{"limit": {written}}}'.encode(), headers=headers
    )
    async with house.ben.mcp() as client:
        shown = facts_of(await client.call_tool("comms_get_messages", {"limit": float(written)}))

    assert len(answer.json()["messages"]) == min(count, answer.json()["totalCount"])
    assert len(shown["messages"]) == len(answer.json()["messages"])


@pytest.mark.parametrize("written", [3.5, 1e300, -0.5, "3", True])
async def test_case_a6_what_is_no_whole_number_of_that_range_is_refused(
    house: House, written: object
) -> None:
    answer = await house.ann.post("comms_get_messages", {"limit": written})

    assert refused(answer, 422, "invalid")
    assert answer.json()["field"] == "limit"


async def test_case_a6_a_message_of_a_batch_may_be_written_so_too(house: House) -> None:
    message = {"channel": "sms", "to": HANDSET, "body": "within", "validForSeconds": 6e1}
    sent = await house.ann.call("comms_send_batch", messages=[message])

    assert sent["refused"] == 0


async def test_case_a4_null_means_left_out_wherever_something_may_be_left_out(house: House) -> None:
    properties = {each.name: each.input_schema()["properties"] for each in AGENT_OPERATIONS}
    send = dict.fromkeys(properties["comms_send_message"])
    send |= {"channel": "sms", "to": HANDSET, "body": "with nulls", "subject": None}
    item = {key: each for key, each in send.items() if key not in ("agentId", "securityToken")}
    read = dict.fromkeys(properties["comms_get_messages"])
    wait = {**dict.fromkeys(properties["comms_wait_for_reply"]), "timeoutSeconds": 1}
    sent = await house.ann.call("comms_send_message", **send)
    batch = await house.ann.call(
        "comms_send_batch", messages=[{**item, "body": "one of several"}], idempotencyKey=None
    )

    assert (sent["status"], batch["refused"]) == ("sent", 0)
    assert (await house.ann.call("comms_get_messages", **read))["messages"]
    assert (await house.ann.post("comms_wait_for_reply", wait)).status_code == 200


@pytest.mark.parametrize("name", ["body", "channel"])
async def test_case_a4_null_for_what_is_required_is_refused(house: House, name: str) -> None:
    answer = await house.ann.post(
        "comms_send_message", {"channel": "sms", "to": HANDSET, "body": "hello", name: None}
    )

    assert refused(answer, 422, "invalid")
    assert answer.json()["detail"] == f"{name}: is required."


async def test_a_null_for_what_is_not_known_is_refused(house: House) -> None:
    assert refused(await house.ann.post("comms_get_messages", {PLANTED: None}), 422, "invalid")
