"""The JSON Schema of what goes over the wire: one plain form, which every model vendor takes."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

Schema = dict[str, Any]

_NULL: Final[Schema] = {"type": "null"}
UNTOLD: Final = "untold"
"""Marks a field of a result that no schema tells of."""
_AS_THEY_ARE: Final = ("type", "enum", "format", "minimum", "maximum")
"""
Keywords that all vendors understand alike.

Beside them stand `properties`, `required`, `items`, `anyOf` and `description`. References,
defaults, lengths, patterns and booleans do not: the hub checks them itself, and a description says
what a caller must know of them.
"""


def schema_of(
    model: type[BaseModel],
    mode: Literal["validation", "serialization"],
    *,
    described: bool = True,
) -> Schema:
    """
    Return the schema of arguments (`validation`) or of a result (`serialization`).

    An argument that may be left out may also be null, which means the same: in OpenAI's strict mode
    a model gives every argument. A result's field that is left out when it is None is never null.
    """
    whole = model.model_json_schema(by_alias=True, schema_generator=_Generator, mode=mode)
    whole.pop("description", None)  # the operation has one
    return _Plain(whole.get("$defs", {}), takes=mode == "validation", described=described)(whole)


def nullable(schema: Schema) -> Schema:
    """
    Return a schema that also takes null.

    Its description stays within the alternative: Vertex AI takes nothing beside `anyOf`, and
    google-genai's conversion of MCP tools loses what stands there.
    """
    return schema if _NULL in schema.get("anyOf", ()) else {"anyOf": [schema, _NULL]}


class _Generator(GenerateJsonSchema):
    """Pydantic's schema, in which only that is nullable which may be null in a result."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        if self.mode == "validation":
            return inner
        return nullable(inner)

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        inner = schema["schema"]
        if self.mode == "serialization" and inner["type"] == "nullable":
            return self.generate_inner(inner["schema"])
        return super().default_schema(schema)


class _Plain:
    """Makes schemas plain: whole, and with those keywords only that everybody takes."""

    def __init__(self, parts: Mapping[str, Any], *, takes: bool, described: bool) -> None:
        self._parts = parts
        self._takes = takes
        self._described = described

    def __call__(self, schema: Mapping[str, Any]) -> Schema:
        if "$ref" in schema:
            part = self._parts[schema["$ref"].rpartition("/")[2]]
            schema = {**part, "description": None, **schema}
        plain = {key: schema[key] for key in _AS_THEY_ARE if key in schema}
        if "properties" in schema:
            plain |= self._object(schema)
        if isinstance(schema.get("additionalProperties"), dict):
            plain["additionalProperties"] = self(schema["additionalProperties"])
        if "items" in schema:
            plain["items"] = self(schema["items"])
        if "anyOf" in schema:
            plain["anyOf"] = [self(each) for each in schema["anyOf"]]
        words = self._words(schema)
        if words and "anyOf" in plain:  # see `nullable`
            plain["anyOf"][0]["description"] = words
        elif words:
            plain["description"] = words
        return plain

    def _object(self, schema: Mapping[str, Any]) -> Schema:
        needed = schema.get("required", [])
        fields = schema["properties"].items()
        members = {name: self(each) for name, each in fields if UNTOLD not in each}
        if self._takes:
            members = {
                name: each if name in needed else nullable(each) for name, each in members.items()
            }
        return {"properties": members, **({"required": needed} if needed else {})}

    def _words(self, schema: Mapping[str, Any]) -> str:
        if not self._described:
            return ""
        words = [schema["description"]] if schema.get("description") else []
        default = schema.get("default")
        if default not in (None, {}):
            words.append(f"Default {str(default).lower()}.")
        return " ".join(words)
