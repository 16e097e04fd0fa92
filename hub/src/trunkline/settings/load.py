"""Read the settings: gather each value with its origin, then check them all at once."""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from trunkline.loading import plainly
from trunkline.loading.variables import (
    ADMIN_TOKEN_VARIABLES,
    ENCRYPTION_KEY_VARIABLE,
    SHORT_NAMES,
    variable_name,
)
from trunkline.settings.errors import SettingsError
from trunkline.settings.models import Settings
from trunkline.settings.money import Prices

DEFAULT_FILE: Final = Path("trunkline.toml")

_COMMAND_LINE: Final = "command line"
_DATA_DIR: Final = ("server", "data_dir")
_NAMED_TABLES: Final = ("providers", "connections", "prices", "filters", "sinks")
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(field.annotation.model_fields)
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
} | {
    **dict.fromkeys(_NAMED_TABLES, ("NAME.KEY",)),
    "prices": tuple(f"NAME.{key}" for key in Prices.model_fields),
}
"""Section to the keys in it."""

Value = tuple[tuple[str, ...], object, str]
"""Where a value goes, the value, and who set it."""


def find_file(config: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file that `config`, else TRUNKLINE_CONFIG, names; else ``trunkline.toml`` here."""
    return config or Path(environ.get("TRUNKLINE_CONFIG") or DEFAULT_FILE)


def load_settings(
    *,
    config: Path | None,
    data_dir: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, Mapping[str, object]] | None = None,
) -> Settings:
    """
    Return the settings of the file, overruled by the environment, overruled by the command line.

    An empty variable counts as not set. A missing file is an error only if it was named.

    Args:
        config, data_dir: The options ``--config`` and ``--data-dir``.
        overrides: Section to key to value, from further options; None is an option not given.

    Raises:
        SettingsError: Something is unknown, malformed or out of range: a line for each, which
            names the file or variable and the nearest known key, and never a value.
    """
    environ = {name: value for name, value in environ.items() if value}
    in_file = list(_from_file(find_file(config, environ)))
    return _checked(
        [
            *in_file,
            *_from_long_names(environ, in_file),
            *_from_short_names(environ),
            *_from_command_line(data_dir, overrides or {}),
        ],
        environ,
    )


def _from_file(file: Path) -> Iterator[Value]:
    if file == DEFAULT_FILE and not file.exists():
        return
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.") from error
    for path, value in _leaves(content):
        if path == _DATA_DIR and isinstance(value, str):
            yield path, file.parent / Path(value).expanduser(), str(file)
        else:
            yield path, value, str(file)


def _leaves(content: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    for section, table in content.items():
        if not isinstance(table, dict):
            yield (section,), table
            continue
        for key, value in table.items():
            if section in _NAMED_TABLES and isinstance(value, dict):
                yield (section, key), {}
                yield from (((section, key, inner), each) for inner, each in value.items())
            else:
                yield (section, key), value


def _from_long_names(environ: Mapping[str, str], in_file: Iterable[Value]) -> Iterator[Value]:
    names = {path[1].lower(): path[1] for path, _, _ in in_file if path[0] in _NAMED_TABLES}
    for variable, value in environ.items():
        prefix, _, rest = variable.partition("TRUNKLINE_")
        if prefix or "__" not in rest:
            continue
        section, _, key = rest.lower().partition("__")
        name, divider, inner = key.partition("__")
        if section in _NAMED_TABLES and divider:
            yield (section, names.get(name, name), inner), value, variable
        else:
            yield (section, key), value, variable


def _from_short_names(environ: Mapping[str, str]) -> Iterator[Value]:
    for variable, key in SHORT_NAMES.items():
        if variable in environ:
            yield tuple(key.split(".")), environ[variable], variable


def _from_command_line(
    data_dir: Path | None, overrides: Mapping[str, Mapping[str, object]]
) -> Iterator[Value]:
    if data_dir is not None:
        yield _DATA_DIR, data_dir, _COMMAND_LINE
    for section, table in overrides.items():
        for key, value in table.items():
            if value is not None:
                yield (section, key), value, _COMMAND_LINE


def _checked(values: Iterable[Value], environ: Mapping[str, str]) -> Settings:
    tree: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems: list[str] = []
    for path, value, origin in values:
        if _is_known(path, value):
            _put(tree, path, value)
            origins[".".join(path)] = origin
        else:
            problems.append(_unknown(path, origin, environ))
    if variables := [name for name in ADMIN_TOKEN_VARIABLES if name in environ]:
        tree["admin_tokens"] = [environ[name] for name in variables]
        origins["admin_tokens"] = ", ".join(variables)
        origins |= {f"admin_tokens.{index}": name for index, name in enumerate(variables)}
    if ENCRYPTION_KEY_VARIABLE in environ:
        tree["encryption_keys"] = environ[ENCRYPTION_KEY_VARIABLE]
        origins["encryption_keys"] = ENCRYPTION_KEY_VARIABLE
    try:
        settings = Settings.model_validate(tree, context=origins)
    except ValidationError as error:
        problems += _sentences(error, origins, environ)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _put(tree: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    *tables, last = path
    for name in tables:
        tree = tree.setdefault(name, {})
    tree[last] = value


def _is_known(path: tuple[str, ...], value: object) -> bool:
    section, *rest = path
    if section in _NAMED_TABLES:
        is_open = section != "prices" or rest[-1] in Prices.model_fields
        return (len(rest) == 2 and is_open) or (len(rest) == 1 and value == {})
    return len(rest) == 1 and rest[0] in _KEYS.get(section, ())


def _unknown(path: tuple[str, ...], origin: str, environ: Mapping[str, str]) -> str:
    """Return the sentence that names the nearest known key, and so the nearest section first."""
    if len(path) == 1 and path[0] not in _KEYS:  # a key that stands before any section
        owners = {key: section for section, keys in _KEYS.items() for key in keys}
        key = _nearest(path[0], owners)
        nearest = f"{owners[key]}.{key}"
    else:
        section = _nearest(path[0], _KEYS)
        nearest = f"{section}.{_nearest('.'.join(path[1:]), _KEYS[section])}"
    if origin in environ:
        return f"{origin} sets nothing; the nearest known variable is {variable_name(nearest)}."
    return f"{origin}: {'.'.join(path)} is unknown; the nearest known key is {nearest}."


def _nearest(word: str, known: Iterable[str]) -> str:
    return difflib.get_close_matches(word, list(known), n=1, cutoff=0)[0]


def _sentences(
    error: ValidationError, origins: Mapping[str, str], environ: Mapping[str, str]
) -> Iterator[str]:
    """Return what is wrong and where it was set, for each value once."""
    told: set[str] = set()
    for each in error.errors():
        if each["type"] == "default_factory_not_called":  # follows from another error
            continue
        location = tuple(map(str, each["loc"]))
        prefixes = (".".join(location[:length]) for length in range(len(location), 0, -1))
        key = next((prefix for prefix in prefixes if prefix in origins), None)
        message = plainly(each)
        if key is None:
            yield f"{message}."
        elif key not in told:
            told.add(key)
            where = origins[key] if origins[key] in environ else f"{origins[key]}: {key}"
            yield f"{where}: {message}."
