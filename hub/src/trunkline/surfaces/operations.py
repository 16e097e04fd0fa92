"""
The operations catalogue: everything a client can ask for, defined once.

MCP tools, REST paths, the OpenAPI document and the command line are renderings of it.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from trunkline.core.channels import NAMES
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import (
    AgentMismatch,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Unsupported,
)
from trunkline.surfaces.authority import Called, check_channel, is_there_for, may_call, obstacle
from trunkline.surfaces.commands import COMMANDS
from trunkline.surfaces.schemas import Schema, nullable, schema_of
from trunkline.surfaces.shapes import PATTERNS, Arguments

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=BaseModel)
M = TypeVar("M", bound=BaseModel)

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ACTING_AGENT: Final[Schema] = {"type": "string", "description": "The agent to act as."}
_ONE_AGENT: Final = nullable({"type": "string", "description": "One agent; without it all."})

_PYDANTICS_OWN: Final = frozenset(get_args(ErrorType))
_SENTENCES: Final = {
    "missing": "is required.",
    "int_type": "give a whole number.",
    "int_from_float": "give a whole number.",
    "float_type": "give a number.",
    "bool_type": "give true or false.",
    "string_type": "give a text.",
    "list_type": "give a list.",
    "dict_type": "give an object.",
    "model_type": "give an object.",
    "model_attributes_type": "give an object.",
    "string_unicode": "give whole characters: half of a surrogate pair is none.",
    "string_too_short": "give at least {min_length} characters.",
    "string_too_long": "give at most {max_length} characters.",
    "too_short": "give at least {min_length}.",
    "too_long": "give at most {max_length}.",
    "greater_than": "give more than {gt}.",
    "greater_than_equal": "give at least {ge}.",
    "less_than": "give less than {lt}.",
    "less_than_equal": "give at most {le}.",
    "enum": "give {expected}.",
    "literal_error": "give {expected}.",
    "datetime_type": "give a time such as 2026-11-21T09:00:00Z.",
    "datetime_parsing": "give a time such as 2026-11-21T09:00:00Z.",
    "datetime_from_date_parsing": "give a time such as 2026-11-21T09:00:00Z.",
    "datetime_object_invalid": "give a time such as 2026-11-21T09:00:00Z.",
}
"""What to do about each kind of error that pydantic finds; in braces what it tells of the field."""

Progress = Callable[[int, int], Awaitable[None]]
"""Is told how much is done, and of how much."""


async def silent(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What a client may assume of an operation; the names are MCP's."""

    read_only: bool
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False

    def shown(self) -> Mapping[str, bool]:
        """Return them as MCP has them; what only reads is idempotent without saying so."""
        repeatable = {} if self.read_only else {"idempotentHint": self.idempotent}
        return {
            "readOnlyHint": self.read_only,
            "destructiveHint": self.destructive,
            **repeatable,
            "openWorldHint": self.open_world,
        }


def channels_named(arguments: Arguments) -> Iterable[str]:
    """Return the channel that arguments name, if they name one."""
    channel = getattr(arguments, "channel", None)
    return () if channel in (None, "all") else (channel,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[A, R]):
    """
    One thing a client can ask for.

    Attributes:
        name: As promised to clients; never changed.
        scope: `AGENT` operations act as one agent; an admin names it. `ADMIN` and `LOCAL` ones act
            on the hub.
        arguments, result: The wire's shapes.
        not_yet: Promised arguments whose part of the hub is not built: they answer `unsupported`.
        run: Does it, as the given agent (the empty string outside `AGENT` scope).
        run_told: Does it and tells how far it is, if it takes long enough for that.
        waits: It has nothing to do but to wait, and ends when its caller goes away.
        channels: Those that arguments are about, as far as they name any.
        of_all: An admin who names no agent asks about all of them.
        unlisted: An agent may call it and is not told of it in lists of tools, which are short:
            the description of the API has it.
    """

    name: str
    title: str
    description: str
    scope: Scope
    annotations: Annotations
    arguments: type[A]
    result: type[R]
    run: Callable[[Hub, Principal, str, A], Awaitable[R]]
    not_yet: frozenset[str] = frozenset()
    run_told: Callable[[Hub, Principal, str, A, Progress], Awaitable[R]] | None = None
    waits: bool = False
    channels: Callable[[A], Iterable[str]] = channels_named
    of_all: bool = False
    unlisted: bool = False

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing and sends nothing."""
        return self.annotations.read_only

    @property
    def is_long(self) -> bool:
        """Whether a client may want to hear of it, or to leave, before there is a result."""
        return self.waits or self.run_told is not None

    def input_schema(self, caller: Scope = Scope.AGENT) -> Schema:
        """
        Return the JSON Schema of the arguments, for callers who are agents, or who name one.

        What every operation takes beside its own is not in it, as nobody needs it: each argument
        that may be null counts against what a model's vendor takes of a tool.
        """
        schema = schema_of(self.arguments, "validation")
        del schema["properties"]["securityToken"]
        is_named = "agentId" in schema.get("required", ())
        if len(schema["properties"]) > 1 and not is_named:  # Gemini takes no object without any
            del schema["properties"]["agentId"]
        if self.scope is Scope.AGENT and caller is not Scope.AGENT:
            schema["properties"]["agentId"] = _ONE_AGENT if self.of_all else _ACTING_AGENT
            if not self.of_all:
                schema["required"] = ["agentId", *schema.get("required", [])]
        return schema

    def output_schema(self) -> Schema:
        """Return the JSON Schema of the result."""
        return schema_of(self.result, "serialization")

    @cache  # noqa: B019 - operations live as long as the process
    def tool_object(self, caller: Scope = Scope.AGENT) -> Mapping[str, object]:
        """Return the operation as a tool, in MCP's words: one description for every client."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.input_schema(caller),
            "outputSchema": self.output_schema(),
            "annotations": self.annotations.shown(),
        }


AnyOperation = Operation[Any, Any]


def of_operator(
    name: str,
    title: str,
    arguments: type[A],
    run: Callable[[Hub, Principal, str, A], Awaitable[R]],
    result: type[R],
    annotations: Annotations,
) -> AnyOperation:
    """Return an operation of the operator, described as its command is."""
    return Operation(
        name=name,
        title=title,
        description=COMMANDS[name].description,
        scope=Scope.LOCAL,
        annotations=annotations,
        arguments=arguments,
        result=result,
        run=run,
    )


class Catalogue:
    """The operations by name."""

    def __init__(self, operations: Sequence[AnyOperation]) -> None:
        self._by_name = {operation.name: operation for operation in operations}

    def all(self) -> list[AnyOperation]:
        """Return every operation, in the catalogue's order."""
        return list(self._by_name.values())

    def visible_to(self, principal: Principal) -> list[AnyOperation]:
        """Return what a principal may call."""
        return [operation for operation in self.all() if may_call(principal, operation)]

    def listed_to(self, principal: Principal) -> list[AnyOperation]:
        """Return what a principal is told of in a list of tools."""
        is_agent = principal.scope is Scope.AGENT
        return [each for each in self.visible_to(principal) if not (is_agent and each.unlisted)]

    def find(self, principal: Principal, name: str) -> AnyOperation:
        """
        Return an operation.

        Raises:
            NotFound: There is none for tokens of this scope.
            Forbidden: This token may not call it.
        """
        operation = self._by_name.get(name)
        if operation is None or not is_there_for(principal, operation):
            raise NotFound("operation")
        self.require(principal, operation)
        return operation

    def require(self, principal: Principal, called: Called | str) -> None:
        """Raise Forbidden if a token may not call something; of an operation its name will do."""
        why = obstacle(principal, self._by_name[called] if isinstance(called, str) else called)
        if why is not None:
            raise Forbidden(why)

    async def call(
        self,
        hub: Hub,
        principal: Principal,
        name: str,
        arguments: Mapping[str, Any],
        progress: Progress = silent,
    ) -> BaseModel:
        """
        Check the arguments, do what they ask for, and return the result.

        Raises:
            Problem: A documented refusal.
        """
        try:
            operation = self.find(principal, name)
        except Forbidden as problem:
            await hub.denials.note(principal, name, problem.code)
            raise
        started = hub.clock.monotonic()
        outcome = "ok"
        agent_id, channel = principal.agent_id or "", arguments.get("channel")
        try:
            given = checked(operation, arguments)
            for each in operation.channels(given):
                check_channel(principal, each)
            agent_id = await _acting_agent(hub, principal, operation, given)
            result: BaseModel
            if operation.run_told is None:
                result = await operation.run(hub, principal, agent_id, given)
            else:
                result = await operation.run_told(hub, principal, agent_id, given, progress)
        except Problem as problem:
            outcome = problem.code
            if isinstance(problem, Forbidden | AgentMismatch):
                await hub.denials.note(principal, name, problem.code)
            raise
        finally:
            elapsed_s = hub.clock.monotonic() - started
            hub.metrics.action(
                agent=agent_id,
                channel=str(channel) if channel in NAMES else "",  # else it would name a metric
                action_type=name,
                duration_s=elapsed_s,
            )
            hub.log.info(
                "operation.called",
                agentId=agent_id,
                action=name,
                outcome=outcome,
                durationMs=round(elapsed_s * 1000, 1),
            )
        return result


def checked(operation: Operation[A, Any], arguments: Mapping[str, Any]) -> A:
    """Return the arguments as their shape; Invalid names the first bad field, never its value."""
    given = dict(arguments)
    for name in sorted(operation.not_yet & given.keys()):
        if given.pop(name) is not None:
            raise Unsupported(name, "this hub cannot do that yet; leave it out.")
    return shaped(operation.arguments, given, operation.input_schema)


def shaped(shape: type[M], given: Mapping[str, Any], schema: Callable[[], Schema]) -> M:
    """Return what was given as its shape; `schema` names the fields to whoever gives another."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "arguments"
        if first["type"] == "extra_forbidden":
            *within, name = first["loc"]
            known = _fields_within(schema(), within)
            place = ".".join(map(str, within)) or "arguments"
            raise Invalid(place, _unknown_field(str(name), known)) from None
        raise Invalid(
            field, f"{_sentence(first['type'], first['msg'], first.get('ctx', {}))}"
        ) from None


def _fields_within(schema: Schema, path: Sequence[int | str]) -> Mapping[str, Any]:
    """Return the fields of the object at a path: an item of a list may be any number."""
    forms = [schema]
    for part in path:
        inner = [
            form["items"] if isinstance(part, int) else form["properties"][part]
            for form in forms
            if ("items" if isinstance(part, int) else part) in form | form.get("properties", {})
        ]
        forms = [form for each in inner for form in (each, *each.get("anyOf", ()))]
    return {name: None for form in forms for name in form.get("properties", ())}


def _unknown_field(name: str, known: Mapping[str, Any]) -> str:
    """Name the field only if it is an identifier: it may as well be a text, or a number."""
    unknown = f"unknown field {name!r}" if _IDENTIFIER.fullmatch(name) else "an unknown field"
    return f"there is {unknown}. Known are: {', '.join(known)}."


def _sentence(kind: str, message: str, limits: Mapping[str, Any]) -> str:
    """Return our own sentence for pydantic's kind of error, without patterns and values."""
    if kind == "timezone_aware":
        return "give a time with its zone, such as 2026-11-21T09:00:00Z."
    if kind == "string_pattern_mismatch" and limits.get("pattern") in PATTERNS:
        return PATTERNS[limits["pattern"]]
    if kind in ("too_short", "too_long") and limits.get("field_type") != "List":  # of a text
        kind = f"string_{kind}"
    if kind == "string_too_short" and limits.get("min_length") == 1:
        return "it cannot be empty."
    if kind in _SENTENCES:
        return _SENTENCES[kind].format_map(limits)
    if kind in _PYDANTICS_OWN:
        return "is not of the form this field takes."
    is_word = message[1:2].islower()  # and no abbreviation
    return (message[0].lower() if is_word else message[0]) + message[1:] + "."


async def _acting_agent(
    hub: Hub, principal: Principal, operation: AnyOperation, arguments: Arguments
) -> str:
    """Return the agent an operation acts as; a token never acts as an agent it is not bound to."""
    if operation.scope is not Scope.AGENT:
        return ""
    if arguments.security_token is not None:
        try:
            named = await hub.tokens.authenticate(arguments.security_token)
        except Problem:
            raise AgentMismatch("securityToken") from None
        if (named.scope, named.agent_id) != (principal.scope, principal.agent_id):
            raise AgentMismatch("securityToken")
    if principal.scope is Scope.AGENT:
        if arguments.agent_id not in (None, principal.agent_id):
            raise AgentMismatch("agentId")
        return principal.agent_id or ""
    if arguments.agent_id is None and operation.of_all:
        return ""
    if arguments.agent_id is None:
        raise Invalid("agentId", "is required with an admin token.")
    agent = await hub.agents.show(principal, arguments.agent_id)  # else it would name a metric
    return agent.id
