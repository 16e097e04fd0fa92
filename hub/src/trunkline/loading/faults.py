"""What is said of a value of the settings that will not do."""

from collections.abc import Mapping
from typing import Any, Final

_PLAIN: Final = {
    **dict.fromkeys(("tuple_type", "list_type", "set_type"), "a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "a table"),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("int_from_float", "int_parsing_radix"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("string_type", "string_sub_type"), "a text"),
    "path_type": "a path",
}
"""What TOML calls what pydantic names as Python does."""


def plainly(error: Mapping[str, Any]) -> str:
    """Return what one of pydantic's errors says, in words for who writes settings."""
    kind, message = error["type"], str(error["msg"])
    if kind in _PLAIN:
        return f"it must be {_PLAIN[kind]}"
    own = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return own.replace("Input should", "it must")
