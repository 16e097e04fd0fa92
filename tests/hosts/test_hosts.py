"""That the matrix of `run.py hosts` complains of what it should."""

from pathlib import Path

import httpx2
import pytest

from tests.hosts.hosts import HOSTS
from tests.hosts.matrix import OUTSIDE, SECTIONS, Hub, Row
from tests.hosts.models import served
from tests.hosts.page import section
from tests.hosts.protocols import WIRES, Call, Json, Offered
from tests.hosts.runs import Seen
from tests.hosts.schemas import changes, unheard_of


@pytest.mark.parametrize("title", SECTIONS.values())
@pytest.mark.parametrize("program", [*(host.program for host in HOSTS), "npx"])
def test_the_page_has_one_command_for_each_host(program: str, title: str) -> None:
    (command,) = section(title, "http://127.0.0.1:1", "tl_agent_of_mine").commands(program)

    assert "3100" not in command
    assert "tl_agent_of_mine" in command or "TRUNKLINE_TOKEN" in command


TEXT = {"type": "string", "maxLength": 9, "description": "What to say."}
LISTED: list[Json] = [
    {
        "name": "comms_say",
        "description": "Say it.",
        "inputSchema": {
            "type": "object",
            "properties": {"all": {"type": "array", "items": {"$ref": "#/$defs/One"}}},
            "$defs": {"One": {"type": "object", "properties": {"text": TEXT}}},
        },
    }
]


def either(one: Json) -> Json:
    return {"anyOf": [one, {"type": "null"}]}


def offered(item: Json, name: str = "mcp__trunkline__comms_say") -> list[Offered]:
    properties = {"all": {"type": "array", "items": {"type": "object", "properties": item}}}
    schema = {"type": "object", "properties": properties}
    return [Offered(name=name, description="Say it.", schema=schema)]


def test_a_schema_with_its_references_in_place_is_the_same() -> None:
    assert changes(LISTED, offered({"text": TEXT})) == []


@pytest.mark.parametrize(
    ("tools", "complaint"),
    [
        ([], "comms_say is missing"),
        (offered({"text": TEXT}, "say"), "comms_say is missing"),
        (offered({}), "comms_say.all.text is dropped"),
    ],
)
def test_a_dropped_tool_or_argument_is_complained_of(tools: list[Offered], complaint: str) -> None:
    assert unheard_of(LISTED, tools) == [complaint]


def test_alternatives_are_looked_into() -> None:
    whole = {"type": "object", "properties": {"text": TEXT}}
    bare = {"type": "object", "properties": {}}
    listed = [{**LISTED[0], "inputSchema": either(whole)}]
    tools = [Offered(name="comms_say", description="Say it.", schema=either(bare))]

    assert unheard_of(listed, tools) == ["comms_say.text is dropped"]


def test_a_keyword_that_a_host_leaves_out_is_a_remark() -> None:
    tools = offered({"text": {"type": "string", "description": "What to say."}})

    assert changes(LISTED, tools) == ["maxLength is left out"]
    assert unheard_of(LISTED, tools) == []


REFUSAL = "blocked: They opted out."
FRAMED = f"<untrusted-1>{OUTSIDE}</untrusted-1>"


def complaints(*results: str, trouble: str = "") -> list[str]:
    """Return what is said of a run whose model read these."""
    hub = Hub(
        base_url="", data_dir=Path(), token="", tools=[], refused=[], refusals=[REFUSAL]
    )  # fmt: skip
    seen = Seen(results=results, trouble=trouble)
    row = Row(host="Host", version="1", transport="HTTP", seen=seen, took_s=1)
    return list(row.complaints(hub))


def test_nothing_is_said_of_a_host_that_does_well() -> None:
    assert complaints(f"The tool failed: {REFUSAL}", f"{{text: {FRAMED}}}") == []


@pytest.mark.parametrize(
    "results",
    [
        [],
        ["blocked", FRAMED],
        [f"Structured content does not match: {REFUSAL[:8]}", FRAMED],
        [REFUSAL, OUTSIDE],
        [REFUSAL, f"<untrusted-1>{OUTSIDE}</untrusted-2>"],
        [REFUSAL, f"<untrusted-1></untrusted-1>{OUTSIDE}"],
    ],
)
def test_what_a_model_should_have_read_is_missed(results: list[str]) -> None:
    assert complaints(*results)


def test_a_host_without_a_connection_is_complained_of() -> None:
    assert complaints(trouble="Disconnected") == ["Host 1, HTTP: no connection: Disconnected"]


def test_the_stand_in_keeps_where_a_host_wanted_to_go_and_lets_nothing_out() -> None:
    with served([]) as model:
        with httpx2.Client(proxy=model.base_url) as client:
            assert client.get("http://home.example/telemetry").status_code == 404
            with pytest.raises(httpx2.ProxyError):
                client.get("https://home.example/")

        assert model.wanted_out == {"home.example", "home.example:443"}


def test_a_model_makes_its_calls_in_their_order_and_then_is_done() -> None:
    wire = WIRES["/chat/completions"]
    tool = {"name": "mcp_comms_say", "description": "", "parameters": {}}
    said = []
    with served([Call(tool="comms_say", arguments={"number": n}) for n in (1, 2)]) as model:
        for results in ([], ["one"], ["one", "two"]):
            body = {
                "tools": [{"type": "function", "function": tool}],
                "messages": [{"role": "tool", "content": each} for each in results],
            }
            answer = httpx2.post(f"{model.base_url}/v1/chat/completions", json=body)
            said.append(answer.text)
        assert model.results == ["one", "two"]
        assert model.tools == wire.read(body).tools

    first, second, last = said
    assert '\\"number\\": 1' in first
    assert '\\"number\\": 2' in second
    assert "Done." in last
