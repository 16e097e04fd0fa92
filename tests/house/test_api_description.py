"""The OpenAPI document: valid for every scope, with examples that the hub would take."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Problem
from trunkline.surfaces.administration import LOCAL_OPERATIONS
from trunkline.surfaces.catalogue import ADMIN_OPERATIONS, AGENT_OPERATIONS
from trunkline.surfaces.operations import AnyOperation, Catalogue, checked
from trunkline.surfaces.rest import examples
from trunkline.surfaces.rest.openapi import every_problem, openapi_document

CATALOGUE = Catalogue((*AGENT_OPERATIONS, *ADMIN_OPERATIONS, *LOCAL_OPERATIONS))
ITS_OWN = {"GET /openapi.json", "GET /health", "GET /health/ready", "POST /mcp"}
FILES = {
    "POST /api/v1/media",
    "GET /api/v1/media/{medium_id}",
    "GET /api/v1/media/{medium_id}/info",
    "GET /media/{token}",
}
FOR_ADMINS = {"GET /metrics", "GET /api/v1/alerts"}
READS = {
    "GET /api/v1/tools",
    "GET /api/v1/messages",
    "GET /api/v1/messages/{message_id}",
    "GET /api/v1/calls",
    "GET /api/v1/calls/{call_id}",
    "GET /api/v1/usage",
}


def document(scope: Scope) -> dict[str, Any]:
    """Return the document as it goes over the wire."""
    principal = Principal(scope=scope, agent_id="ann" if scope is Scope.AGENT else None)
    operations = CATALOGUE.visible_to(principal)
    read: dict[str, Any] = json.loads(
        json.dumps(openapi_document(operations, scope, "https://hub.example"))
    )
    return read


def described(scope: Scope) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": each
        for path, item in document(scope)["paths"].items()
        for method, each in item.items()
    }


def contents(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every content that has an example."""
    for each in (described.get("requestBody", {}), *described["responses"].values()):
        yield from (content for content in each.get("content", {}).values() if "example" in content)


@pytest.mark.parametrize("scope", Scope)
def test_case_a15_the_document_is_valid_for_every_scope(scope: Scope) -> None:
    validate(document(scope))


def test_case_a15_it_holds_what_a_token_may_call_and_nothing_else() -> None:
    for_agents = {f"POST /api/v1/tools/{each.name}" for each in AGENT_OPERATIONS}
    for_operators = {f"POST /api/v1/tools/{each.name}" for each in LOCAL_OPERATIONS}

    for_admins = for_agents | {f"POST /api/v1/tools/{each.name}" for each in ADMIN_OPERATIONS}

    assert set(described(Scope.AGENT)) == for_agents | READS | FILES | ITS_OWN
    assert set(described(Scope.ADMIN)) == for_admins | READS | FILES | ITS_OWN | FOR_ADMINS
    assert set(described(Scope.LOCAL)) == set(described(Scope.ADMIN)) | for_operators


def test_case_a15_an_admin_sees_that_the_agent_must_be_named() -> None:
    for scope in Scope:
        named = scope is not Scope.AGENT
        found = described(scope)
        for operation in AGENT_OPERATIONS:
            content = next(contents(found[f"POST /api/v1/tools/{operation.name}"]))
            required = named and not operation.of_all
            assert ("agentId" in content["schema"].get("required", [])) == required
            assert ("agentId" in content["example"]) == required
        asked = {each["name"]: each for each in found["GET /api/v1/messages"]["parameters"]}
        assert asked.get("agentId", {}).get("required", False) == named


def test_case_a15_only_health_and_links_are_for_those_without_a_token() -> None:
    open_to = {
        path: each["security"]
        for path, each in described(Scope.ADMIN).items()
        if "security" in each
    }

    assert open_to == {
        "GET /health": [],
        "GET /health/ready": [{}, {"token": []}],
        "GET /media/{token}": [],  # the link is what proves who follows it
    }
    assert document(Scope.AGENT)["security"] == [{"token": []}]


@pytest.mark.parametrize("scope", Scope)
def test_every_example_fits_its_schema(scope: Scope) -> None:
    for name, each in described(scope).items():
        for content in contents(each):
            complaints = list(OAS31Validator(content["schema"]).iter_errors(content["example"]))
            assert complaints == [], name


@pytest.mark.parametrize("operation", CATALOGUE.all(), ids=lambda each: each.name)
def test_every_operation_has_an_example_that_the_hub_would_take(operation: AnyOperation) -> None:
    taken = examples.ARGUMENTS.get(operation.name, {})

    assert taken or not operation.input_schema().get("required")
    checked(operation, taken)


@pytest.mark.parametrize("kind", every_problem(), ids=lambda each: each.__name__)
def test_every_refusal_is_described_with_an_example(kind: type[Problem]) -> None:
    response = document(Scope.AGENT)["components"]["responses"][f"Refused{kind.status}"]
    shown = response["content"]["application/problem+json"]["examples"][kind.__name__]["value"]

    assert kind.code in response["description"]
    assert (shown["code"], shown["status"]) == (kind.code, kind.status)


def test_a_key_for_repeating_is_offered_where_it_counts() -> None:
    offered = {
        name
        for name, each in described(Scope.LOCAL).items()
        if any(asked["name"] == "Idempotency-Key" for asked in each.get("parameters", ()))
    }

    assert offered == {
        "POST /api/v1/tools/comms_send_message",
        "POST /api/v1/tools/comms_send_voice_message",
        "POST /api/v1/tools/comms_send_batch",
    }
