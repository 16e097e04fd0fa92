"""
Write the pages of docs/reference that describe code again: ``python docs/generate.py``.

Run it after a change to a hook, an operation, a setting, an error or a command; a test compares.
"""

import dataclasses
import enum
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib import import_module
from inspect import formatannotation
from itertools import starmap
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import click
from pydantic import BaseModel

from trunkline import sdk, serving, testing
from trunkline import settings as setting
from trunkline.cli import operator
from trunkline.cli import trunkline as command_line
from trunkline.loading import plugins as loaded
from trunkline.sdk import hookspecs
from trunkline.surfaces.administration import LOCAL_OPERATIONS
from trunkline.surfaces.catalogue import ADMIN_OPERATIONS, AGENT_OPERATIONS
from trunkline.surfaces.operations import AnyOperation
from trunkline.surfaces.rest.openapi import every_problem

ROOT: Final = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # it is run as a script
    sys.path.append(str(ROOT))

from docs.markdown import blocks, page, prose, table  # noqa: E402
from docs.providers import with_providers  # noqa: E402

Schema = dict[str, Any]


def members(kind: type[enum.Enum]) -> str:
    """Return a table of an enumeration's members with the text that stands below each."""
    member = re.compile(r'^    [A-Z_0-9]+ = "(.+)"\n    """(.+?)"""', re.MULTILINE)
    found = member.findall(inspect.getsource(kind))
    return table("value|meaning", [(f"`{value}`", text) for value, text in found])


def hooks() -> str:
    found = [each for name, each in vars(hookspecs).items() if name.startswith("trunkline_")]
    return page(
        "Hooks",
        prose(hookspecs) + "\n\nHow to write an adapter: [the tutorial](../write-an-adapter/"
        "index.md); what hooks return and are lent: [the SDK](sdk.md).",
        *(_hook(each) for each in found),
    )


def _hook(hook: Callable[[], object]) -> str:
    name = hook.__name__
    signature = re.sub(r"[\w.]+\.(\w+)", r"\1", str(inspect.signature(hook)))
    used = sorted(
        folder.name
        for folder in (ROOT / "plugins").iterdir()
        if any(f"def {name}(" in file.read_text("utf-8") for file in folder.glob("src/**/*.py"))
    )
    links = ", ".join(f"[trunkline-{each}](../../plugins/{each})" for each in used)
    code = f"```python\ndef {name}{signature}: ...\n```"
    return blocks(f"## {name}", code, prose(hook), f"Used by: {links}.")


_CONTRACT: Final[dict[str, tuple[ModuleType, str]]] = {
    "Messages": (sdk, "messages provider telephony email whatsapp"),
    "Calls": (sdk, "calls"),
    "Speech and storage": (sdk, "audio tts stt storage"),
    "Compliance filters": (sdk, "compliance"),
    "Alert sinks": (sdk, "alerts"),
    "Numbers, senders, domains, accounts": (sdk, "provisioning"),
    "Callbacks": (sdk, "webhooks"),
    "What a provider can do and means": (sdk, "capability failures money phone"),
    "Errors": (sdk, "errors http"),
    "What hooks return and are lent": (sdk, "specs kind kinds markers clock ids"),
    "Databases": (sdk, "database notes"),
    "The conformance kit": (
        testing,
        (
            "suite messages telephony calls numbers media email whatsapp tts stt storage wire "
            "flowing sounds live fakes database"
        ),
    ),
}
_BESIDES: Final = "BaseDatabaseConformance"  # in a module of its own, which needs SQLAlchemy
_READ: Final = (property, cached_property)


def contract() -> str:
    """Return the page of everything that an adapter and its tests may import."""
    sections = []
    for title, (package, modules) in _CONTRACT.items():
        sections.append(f"## {title}")
        for module in (import_module(f"{package.__name__}.{each}") for each in modules.split()):
            source = inspect.getsource(module)
            stated = re.findall(r"^(?:class |(?:async )?def )?(\w+)\b", source, re.MULTILINE)
            offered = (each for each in stated if each in (*package.__all__, _BESIDES))
            sections += [_entry(name, getattr(module, name), source) for name in offered]
    return page(
        "The SDK and the conformance kit",
        "All that an adapter may import: from `trunkline.sdk`, and in its tests from "
        "`trunkline.testing`. Money is in micros, millionths of a currency's unit; what ends in "
        "`_s` is in seconds; a time is aware, in UTC; a phone number is E.164.",
        *sections,
    )


def _entry(name: str, value: object, source: str) -> str:
    head = f"### {name}"
    if not isinstance(value, type):
        if inspect.isfunction(value):
            return blocks(head, _signature(name, value), prose(value))
        said = re.search(rf'^({name}\b.*)(?:\n"""((?:.|\n)+?)""")?', source, re.MULTILINE)
        assert said is not None, "it stands in its module"
        code = f"```python\n{said[1]}\n```"
        if isinstance(value, sdk.Kind):
            carried = ", ".join(f"`{each}`" for each in value.channels) or "none"
            code = f"The `Kind` of {value.noun}; its channels: {carried}."
        text = inspect.cleandoc(said[2] or "").replace("``", "`")
        return blocks(head, code, text)
    if issubclass(value, enum.Enum):
        values = ", ".join(f"`{each.value}`" for each in value)
        return blocks(head, prose(value), members(value) or values)
    own = [each for each in value.__mro__ if each.__module__.startswith("trunkline.")]
    base = f"Base: `{own[1].__name__}`." if len(own) > 1 and own[1].__name__ in sdk.__all__ else ""
    if issubclass(value, testing.BaseConformance):
        told = [blocks(f"**{each.__name__}**", prose(each)) for each in own if each.__doc__]
        filled = {key: kind for each in own for key, kind in inspect.get_annotations(each).items()}
        return blocks(head, *told, table("attribute|type", [*starmap(_field, filled.items())]))
    if issubclass(value, Exception):
        base = blocks(base, f"Its code is `{vars(value)['code']}`.")
        init = next((each for each in own if "__init__" in vars(each)), None)
        call = _signature(name, vars(init)["__init__"]) if init else ""
        return blocks(head, base, call, prose(value))
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    rows = [(*_field(each.name, each.type), _default(each)) for each in fields if each.init]
    parts = [
        blocks(f"`{key}`" if isinstance(each, _READ) else _signature(key, each), prose(each))
        for key, each in vars(value).items()
        if isinstance(each, _READ)
        or (inspect.isfunction(each) and re.match(r"[a-z]|__call__", key))
    ]
    return blocks(head, base, prose(value), table("field|type|default", rows), *parts)


def _field(name: str, kind: object) -> tuple[str, str]:
    return f"`{name}`", f"`{_plain(kind if isinstance(kind, str) else formatannotation(kind))}`"


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING:
        return "needed" if field.default_factory is dataclasses.MISSING else "empty"
    shown = re.sub(r"<([^:]+):.*>", r"\1", repr(field.default))
    return f"`{shown}`"


def _signature(name: str, function: Callable[..., object]) -> str:
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    signature = str(inspect.signature(function)).replace("(self, ", "(").replace("(self)", "()")
    return f"```python\n{word} {name}{_plain(signature)}: ...\n```"


def _plain(code: str) -> str:
    """Return an annotation or a signature without modules, quotes and addresses."""
    code = re.sub(r"<(?:function |built-in function )?([\w.]+)[^>]*>", r"\1", code)
    return re.sub(r"\b(?:[a-z_]\w*\.)+(?=\w)|[~']", "", code)


_EVERYWHERE: Final = ("agentId", "securityToken")


def operations() -> str:
    return page(
        "Operations",
        "Each is an MCP tool and, under the same name, `POST /api/v1/tools/NAME`: the body is the "
        "arguments object, the answer the result object. What may go wrong stands in "
        "[errors](errors.md); what statuses mean, in [sending and reading](../use/agents.md).",
        "## For agents\n\nAn agent's token acts as its agent. An admin token names the `agentId`.",
        *(_operation(each) for each in AGENT_OPERATIONS),
        "## For admins\n\nAn admin token may call these over MCP and REST; to an agent's they do "
        "not exist.",
        *(_operation(each) for each in ADMIN_OPERATIONS),
        "## For the operator\n\nThe command line runs these over the socket in the data directory. "
        "Over the network they do not exist, not even for an admin token.",
        table("operation|does|arguments|result", [_row(each) for each in LOCAL_OPERATIONS]),
    )


def _row(operation: AnyOperation) -> tuple[str, ...]:
    takes = [name for name in operation.input_schema()["properties"] if name not in _EVERYWHERE]
    gives = operation.output_schema()["properties"]
    words = (", ".join(f"`{name}`" for name in names) for names in (takes, gives))
    return (f"`{operation.name}`", operation.description, *words)


def _operation(operation: AnyOperation) -> str:
    notes = operation.annotations
    told = {"reads only": notes.read_only, "reaches the outside": notes.open_world}
    told |= {"safe to repeat": notes.idempotent, "takes something away": notes.destructive}
    kind = ", ".join(text for text, holds in told.items() if holds)
    later = ", ".join(f"`{name}`" for name in sorted(operation.not_yet))
    takes = operation.input_schema()
    needed = takes.get("required", ())
    arguments = [
        (f"`{name}`", _kind(each), "required" if name in needed else "", _meaning(each))
        for name, each in ((name, _given(each)) for name, each in takes["properties"].items())
        if name not in _EVERYWHERE
    ]
    results = [
        (f"`{name}`", _kind(each), _meaning(each))
        for name, each in operation.output_schema()["properties"].items()
    ]
    return blocks(
        f"### {operation.name}",
        f"{operation.description} *({kind})*",
        table("argument|type||meaning", arguments),
        f"Promised, and answered `unsupported` for now: {later}." if later else "",
        table("result|type|meaning", results),
    )


def _given(schema: Schema) -> Schema:
    """Return the schema of an argument that is given: one that is left out may be null instead."""
    given: Schema = schema["anyOf"][0] if "anyOf" in schema else schema
    return given


def _meaning(schema: Schema) -> str:
    return str(_given(schema).get("description", ""))


def _shown(default: object) -> str:
    return "" if default in (None, (), {}) else f"`{str(default).lower()}`"


def _kind(schema: Schema) -> str:
    """Return a JSON Schema in a few words; objects with their members."""
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if "properties" in schema:
        members = schema["properties"].items()
        inner = (f"{name}: {_kind(_given(each))}" for name, each in members)
        return f"{{{'; '.join(inner)}}}"
    if "maximum" in schema:
        return f"{schema['type']}, {schema['minimum']} to {schema['maximum']}"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return "time" if schema.get("format") == "date-time" else " or ".join(kinds)


def settings() -> str:
    fields = setting.Settings.model_fields
    named = [
        re.sub(r"^(\[.+?\])", r"- `\1`", fields[name].description or "")
        for name in ("providers", "connections", "prices")
    ]
    tokens = ", ".join(f"`{each}`" for each in setting.ADMIN_TOKEN_VARIABLES)
    secrets = [
        (tokens, fields["admin_tokens"].description or ""),
        (f"`{setting.ENCRYPTION_KEY_VARIABLE}`", fields["encryption_keys"].description or ""),
    ]
    return page(
        "Settings",
        "The file `trunkline.toml` (or the one that `--config` or `TRUNKLINE_CONFIG` names), then "
        "the environment, then the command line; later wins. In the environment a list is written "
        "`a, b`. An unknown key or variable stops the start. `trunkline config show` prints each "
        "value and where it comes from.",
        *(
            _section(name, field.annotation)
            for name, field in fields.items()
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        ),
        "## Connections\n\n" + "\n".join(named),
        "A field of an adapter may have an environment variable of its own. It wins over the file.",
        "## Secrets\n\nFrom the environment only.\n\n" + table("variable|meaning", secrets),
    )


def _section(name: str, model: type[BaseModel]) -> str:
    short = {key: variable for variable, key in setting.SHORT_NAMES.items()}
    rows = []
    for key, field in model.model_fields.items():
        dotted = f"{name}.{key}"
        variables = [setting.variable_name(dotted), *([short[dotted]] if dotted in short else [])]
        names = "<br>".join(f"`{variable}`" for variable in variables)
        rows.append(
            (
                f"`{key}`",
                _shown(None if field.default_factory else field.default),
                names,
                field.description or "",
            )
        )
    return blocks(f"## [{name}]", prose(model), table("key|default|variables|meaning", rows))


def errors() -> str:
    problems = [
        (f"`{each.code}`", str(each.status), each.title, prose(each)) for each in every_problem()
    ]
    modules = (sdk.errors, setting.errors, loaded, serving, operator)
    raised = [
        (f"`{each.code}`", f"`{each.__name__}`", prose(each).partition("\n\n")[0])
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, sdk.TrunklineError)
        if each.__module__ == module.__name__
    ]
    return page(
        "Errors",
        "## What a client is told",
        "Over HTTP an error is an `application/problem+json` object (RFC 9457): `{type, title, "
        "status, code, detail}`, and where they apply `field`, `what`, `rule`, `retryAfterS`, "
        "`messageId`, `messageStatus` and `batchId`. `detail` says what to do, and never repeats a "
        "rejected value, a number, an address or a text. In MCP it is a result with `isError`, the "
        "text `CODE: DETAIL` (and in brackets `messageId`, `batchId` or `retryAfterS`, where they "
        "apply) and no structured content, which clients would hold against the schema of the "
        "tool's result; `_meta` holds that object as `trunkline/problem`. A bad token is HTTP 401, "
        "and a tool that is not there the JSON-RPC error -32602.",
        table("code|HTTP|title|meaning", problems),
        "## What adapters raise, and what commands say",
        "From `trunkline.sdk`, and from the hub itself at its start. On the command line the exit "
        "code is 78 for what must be installed or set first (`NotConfigured` and what is derived "
        "from it), 1 for any other failure, 2 for wrong usage.",
        table("code|raised as|meaning", raised),
    )


def commands(
    command: click.Command = command_line, name: str = "trunkline"
) -> Iterator[tuple[str, click.Command]]:
    """Return every command that does something, with its full name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found is not None, "a group lists what it has"
        yield from commands(found, f"{name} {each}")


def cli() -> str:
    return page(
        "Command line",
        "Every command takes `--config FILE` (default: `trunkline.toml` in the current folder, if "
        "there is one) and `--data-dir DIR`. Exit codes: 0 fine, 1 failed with a sentence, 2 wrong "
        "usage, 78 configuration.",
        *(_command(name, each) for name, each in commands()),
    )


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    options = [
        (
            f"`{each.opts[0]}{'' if each.is_flag else f' {each.make_metavar(context)}'}`",
            each.help or "",
        )
        for each in command.params
        if isinstance(each, click.Option) and each.name not in ("config", "data_dir")
    ]
    text = inspect.cleandoc(command.help or "")
    return blocks(f"## {name}", f"```\n{usage}\n```", text, table("option|meaning", options))


PAGES: Final = {
    **{f"{each.__name__}.md": each for each in (hooks, operations, settings, errors, cli)},
    "sdk.md": contract,
}

if __name__ == "__main__":
    for file_name, write in PAGES.items():
        (ROOT / "docs" / "reference" / file_name).write_text(write(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_providers(readme.read_text("utf-8")), encoding="utf-8")
