"""Every model vendor takes the tools as they are listed, or after its usual conversion."""

from typing import Any

import pytest

from tests.house.vendors import VENDORS, Tool, as_strict, parts_of
from trunkline.core.channels.sms import MAX_SMS_CHARACTERS
from trunkline.core.messages.content import MAX_MEDIA
from trunkline.core.principal import Scope
from trunkline.core.sending.batches import MOST
from trunkline.surfaces.catalogue import AGENT_OPERATIONS
from trunkline.surfaces.operations import checked
from trunkline.surfaces.replies import LONGEST_S
from trunkline.surfaces.sending import SEND_MESSAGE

TOOLS = [
    pytest.param(each.tool_object(scope), id=f"{each.name}-{scope.value}")
    for each in AGENT_OPERATIONS
    for scope in (Scope.AGENT, Scope.ADMIN)
]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("tool", TOOLS)
def test_case_a2_a3_a4_a5_every_vendor_takes_every_tool(tool: Tool, vendor: str) -> None:
    assert list(VENDORS[vendor](tool)) == []


@pytest.mark.parametrize("tool", TOOLS)
def test_case_a3_no_boolean_stands_where_a_schema_is_expected(tool: Tool) -> None:
    for schema in (tool["inputSchema"], tool["outputSchema"]):
        assert all(isinstance(part, dict) for part in dict(parts_of(schema)).values())


@pytest.mark.parametrize("tool", TOOLS)
def test_case_a5_no_schema_refers_to_another(tool: Tool) -> None:
    for schema in (tool["inputSchema"], tool["outputSchema"]):
        parts = dict(parts_of(schema)).values()
        assert not any({"$ref", "$defs"} & part.keys() for part in parts if isinstance(part, dict))


def test_case_a2_limits_stand_in_words() -> None:
    tools = {each.name: each.input_schema()["properties"] for each in AGENT_OPERATIONS}
    send = tools["comms_send_message"]

    assert f"{MAX_SMS_CHARACTERS:,} characters" in send["body"]["description"]
    assert f"At most {MAX_MEDIA}" in send["mediaUrls"]["anyOf"][0]["description"]
    assert "2,000 characters" in send["mediaUrl"]["anyOf"][0]["description"]
    assert f"1 to {MOST}" in tools["comms_send_batch"]["messages"]["description"]
    ranges = [
        (send["validForSeconds"], "1 to 172,800"),
        (tools["comms_wait_for_reply"]["timeoutSeconds"], f"1 to {LONGEST_S}"),
        (tools["comms_get_messages"]["limit"], "1 to 200"),
        (send["sendAt"], "RFC 3339"),
        (tools["comms_get_messages"]["since"], "RFC 3339"),
    ]
    for schema, words in ranges:
        assert words in schema["anyOf"][0]["description"]


def test_case_a4_a_strict_call_that_gives_null_for_what_it_leaves_out_can_be_made() -> None:
    strict = as_strict(SEND_MESSAGE.input_schema())
    call: dict[str, Any] = {
        **dict.fromkeys(strict["required"]),
        "channel": "sms",
        "to": "+12025550150",
        "body": "hello",
    }

    given = checked(SEND_MESSAGE, call)

    assert (given.to, given.to_agent_id, given.send_at) == ("+12025550150", None, None)


def test_case_a4_a_batch_says_what_each_of_its_messages_may_hold() -> None:
    by_name = {each.name: each.input_schema()["properties"] for each in AGENT_OPERATIONS}
    item = by_name["comms_send_batch"]["messages"]["items"]

    assert item["required"] == ["channel", "body"]
    assert item["properties"].keys() == by_name["comms_send_message"].keys()


def test_an_admin_is_told_to_name_the_agent() -> None:
    for operation in AGENT_OPERATIONS:
        of_admin = operation.input_schema(Scope.ADMIN)
        assert "agentId" in of_admin["properties"]
        assert ("agentId" in of_admin.get("required", [])) != operation.of_all
        assert "agentId" not in operation.input_schema().get("required", [])


WORD = {"type": "string"}


@pytest.mark.parametrize(
    ("vendor", "argument", "complaint"),
    [
        ("llama.cpp", {"type": "string", "maxLength": 2000}, "/properties/a: maxLength 2000"),
        ("llama.cpp", {"type": "array", "maxItems": 700}, "/properties/a: maxItems 700"),
        ("llama.cpp", {"type": "string", "pattern": "abc"}, "/properties/a: pattern abc"),
        (
            "llama.cpp",
            {"type": "string", "pattern": "^a{2,3000}$"},
            "/properties/a: pattern ^a{2,3000}$",
        ),
        (
            "gemini",
            {"type": "object", "properties": {"b": WORD}, "additionalProperties": False},
            "/properties/a/additionalProperties is False",
        ),
        ("gemini", {"$ref": "#/$defs/A", "type": "string"}, "/properties/a: $ref"),
        ("gemini", {"type": ["string", "null"]}, "/properties/a: type ['string', 'null']"),
        ("gemini", {"anyOf": [WORD], "default": 1}, "/properties/a: default beside anyOf"),
        ("gemini", {"type": "array"}, "/properties/a: an array of what?"),
        ("gemini", {"type": "string", "format": "uri"}, "/properties/a: format uri"),
        ("gemini", {"type": "string", "enum": ["b", None]}, "/properties/a: enum of more"),
        ("openai", WORD, "/a can be left out, but not null"),
        ("openai", {"type": ["string", "null"], "default": "b"}, "/properties/a: default"),
        ("openai", {"type": ["string", "null"], "maxLength": 9}, "/properties/a: maxLength"),
        ("openai", {"type": ["string", "null"], "format": "uri"}, "/properties/a: format uri"),
        ("openai", {"anyOf": [{"type": "object"}, {"type": "null"}]}, "is an opaque object"),
        ("openai", {}, "/properties/a takes anything"),
    ],
)
def test_what_a_vendor_would_refuse_is_noticed(
    vendor: str, argument: dict[str, Any], complaint: str
) -> None:
    tool = {
        "name": "planted",
        "inputSchema": {"type": "object", "properties": {"a": argument}},
        "outputSchema": {"type": "object"},
    }

    assert any(complaint in each for each in VENDORS[vendor](tool)), [*VENDORS[vendor](tool)]


def test_a_name_or_a_result_that_mcp_does_not_know_is_noticed() -> None:
    tool = {"name": "a b", "inputSchema": {"type": "object"}, "outputSchema": {"type": "array"}}

    assert list(VENDORS["mcp"](tool)) == ["name a b", "outputSchema is not an object"]
