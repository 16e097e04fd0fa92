"""What model vendors take of a tool's schemas: rules, their sources, and a sentence per breach."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]

Schema = dict[str, Any]
Tool = Mapping[str, Any]


def parts_of(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every place where a schema is expected, with what stands there."""
    yield path, schema
    if not isinstance(schema, dict):
        return
    for keyword in ("properties", "$defs", "definitions", "patternProperties"):
        for name, each in schema.get(keyword, {}).items():
            yield from parts_of(each, f"{path}/{keyword}/{name}")
    for keyword in ("items", "additionalProperties", "not", "if", "then", "else"):
        if keyword in schema:
            yield from parts_of(schema[keyword], f"{path}/{keyword}")
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for number, each in enumerate(schema.get(keyword, [])):
            yield from parts_of(each, f"{path}/{keyword}/{number}")


def for_mcp(tool: Tool) -> Iterator[str]:
    """
    Complain of what MCP does not allow.

    Source: the specification of 2026-07-28, server/tools: a name of 1 to 128 of ``A-Za-z0-9_.-``;
    both schemas valid JSON Schema 2020-12 with an object at the root. OpenAI and Anthropic take
    names of at most 64 without a dot.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool["name"]):
        yield f"name {tool['name']}"
    for part in ("inputSchema", "outputSchema"):
        jsonschema.Draft202012Validator.check_schema(tool[part])
        if tool[part].get("type") != "object":
            yield f"{part} is not an object"


def as_strict(schema: Schema) -> Schema:
    """
    Return a schema as OpenAI's strict mode wants it, by the usual mechanical conversion.

    Source: ``ensure_strict_json_schema`` of openai-agents 0.24: every object is closed and requires
    each of its properties. Nothing else is changed.
    """
    strict = deepcopy(schema)
    for _, part in parts_of(strict):
        if isinstance(part, dict) and "properties" in part:
            part["additionalProperties"] = False
            part["required"] = list(part["properties"])
    return strict


_STRICT_KEYWORDS: Final = {"type", "enum", "const", "format", "pattern", "description", "anyOf"} | {
    *("properties", "required", "additionalProperties", "items", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_STRICT_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)


def for_openai(tool: Tool) -> Iterator[str]:
    """
    Complain of what OpenAI's strict mode refuses, and of what can't be left out there.

    Source: platform.openai.com/docs/guides/structured-outputs, "Supported schemas", 2026-11: these
    keywords and formats; an object at the root, without `anyOf`; every object closed and with all
    properties required, so one that may be left out must take null; 10 levels, 5,000 properties.
    """
    for path, part in parts_of(tool["inputSchema"]):
        for name in part.get("properties", {}).keys() - {*part.get("required", [])}:
            if not jsonschema.Draft202012Validator(part["properties"][name]).is_valid(None):
                yield f"{path}/{name} can be left out, but not null"
    strict = as_strict(tool["inputSchema"])
    if "anyOf" in strict:
        yield "anyOf at the root"
    for path, part in parts_of(strict):
        if isinstance(part, dict):
            yield from (f"{path}{each}" for each in _not_strict(part))
        if path.count("/properties/") + path.count("/items") > 10:
            yield f"{path} is too deep"


def _not_strict(part: Schema) -> Iterator[str]:
    yield from (f": {each}" for each in part.keys() - _STRICT_KEYWORDS)
    if part.get("format", "date-time") not in _STRICT_FORMATS:
        yield f": format {part['format']}"
    if part.get("type") == "object" and "properties" not in part:
        yield " is an opaque object"
    if "type" not in part and "anyOf" not in part:
        yield " takes anything"


_GEMINI_KEYWORDS: Final = {
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "anyOf",
} | {
    *("properties", "required", "minProperties", "maxProperties", "items", "minItems", "maxItems"),
    *("minLength", "maxLength", "pattern", "minimum", "maximum", "anyOf"),
}


def for_gemini(tool: Tool) -> Iterator[str]:
    """
    Complain of what Gemini's function declarations refuse.

    Source: ai.google.dev/api/caching#Schema, 2026-11: these keywords, a single type, `enum` of
    strings only, of formats of a string `enum` and `date-time`; an array says of what. Vertex AI:
    nothing beside `anyOf`. google-genai 3.6 (``_mcp_utils``) fails on a boolean where a schema may
    stand, and takes `anyOf` with null as `nullable`.
    """
    for path, part in parts_of(tool["inputSchema"]):
        found = _not_gemini(part) if isinstance(part, dict) else [f" is {part}"]
        yield from (f"{path}{each}" for each in found)


def _not_gemini(part: Schema) -> Iterator[str]:
    yield from (f": {each}" for each in part.keys() - _GEMINI_KEYWORDS)
    if "anyOf" in part:
        yield from (f": {each} beside anyOf" for each in part.keys() - {"anyOf"})
    elif not isinstance(part.get("type"), str):
        yield f": type {part.get('type')}"
    if part.get("type") == "array" and "items" not in part:
        yield ": an array of what?"
    if part.get("type") == "object" and not part.get("properties"):
        yield ": an object of what?"
    if not all(isinstance(each, str) for each in part.get("enum", [])):
        yield ": enum of more than strings"
    if part.get("type") == "string" and part.get("format") not in (None, "date-time", "enum"):
        yield f": format {part['format']}"


_LLAMA_TYPES: Final = frozenset(
    {"object", "array", "string", "number", "integer", "boolean", "null"}
)
_MOST_REPEATED: Final = 2000


def for_llama(tool: Tool) -> Iterator[str]:
    """
    Complain of what llama.cpp makes no grammar of.

    Source: ggml-org/llama.cpp, ``common/json-schema-to-grammar.cpp`` and
    ``src/llama-grammar.cpp`` (``MAX_REPETITION_THRESHOLD``), read 2026-11: what is repeated, times
    how often, stays below 2,000 (a list's item counts three); a pattern is anchored at both ends
    and looks neither ahead nor behind; references point into the document.
    """
    for path, part in parts_of(tool["inputSchema"]):
        if isinstance(part, dict):
            yield from (f"{path}{each}" for each in _no_grammar(part))


def _no_grammar(part: Schema) -> Iterator[str]:
    for keyword, weight in (("maxLength", 1), ("minLength", 1), ("maxItems", 3)):
        if part.get(keyword, 0) * weight >= _MOST_REPEATED:
            yield f": {keyword} {part[keyword]}"
    pattern = part.get("pattern", "^$")
    counts = [int(count) for count in re.findall(r"\{(?:\d*,)?(\d+)\}", pattern)]
    is_anchored = pattern.startswith("^") and pattern.endswith("$")
    if not is_anchored or "(?" in pattern or max(counts, default=0) >= _MOST_REPEATED:
        yield f": pattern {pattern}"
    if not part.get("$ref", "#/").startswith("#/"):
        yield f": {part['$ref']}"
    kinds = part.get("type", [])
    yield from (
        f": type {each}"
        for each in ([kinds] if isinstance(kinds, str) else kinds)
        if each not in _LLAMA_TYPES
    )


VENDORS: Final = {
    "mcp": for_mcp,
    "openai": for_openai,
    "gemini": for_gemini,
    "llama.cpp": for_llama,
}
