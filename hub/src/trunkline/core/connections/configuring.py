"""From the settings to connections: each provider's own keys, checked by its own model."""

import difflib
import re
import typing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from trunkline.core.connections.registry import Bounds, Connection, MessageSpec
from trunkline.loading import plainly, variables_of

OriginOf = Callable[[str, str], str]
"""Tells of a connection and a key of its table who set it: a file, or an environment variable."""

_OWN: Final = frozenset({"value_error", "assertion_error"})
"""The errors whose message is a sentence of the adapter, which may quote what was given."""

_TELLABLE: Final = frozenset(typing.get_args(ErrorType)) - _OWN - {"union_tag_invalid"}
"""The errors whose message says what is wanted and never what was given."""

_UNTOLD: Final = "the adapter's documentation says what it takes"
_TELLTALE: Final = re.compile("auth|credential|key|passw|pin|secret|token")


def configure(
    specs: Mapping[str, Mapping[str, MessageSpec]],
    tables: Mapping[str, Mapping[str, object]],
    slots: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    origin_of: OriginOf,
) -> list[Connection]:
    """
    Return the connections that the settings describe.

    Args:
        specs: The loaded providers by kind, then by name.
        tables: Connection name to its table; one without ``provider`` is of the provider it is
            named after. A slot that names a loaded provider needs no table.
        slots: The connections named in the slot of each kind.
        environ: Where fields that name an environment variable are filled from.
    """
    wanted = dict(tables)
    for kind, providers in specs.items():
        named = slots.get(kind, ())
        for name in (*named, *providers):
            if name in providers and name not in wanted:
                variables = variables_of(providers[name].config).values()
                if name in named or any(environ.get(each) for each in variables):
                    wanted[name] = {}
    connections: list[Connection] = []
    for name, table in wanted.items():
        provider = str(table.get("provider", name))
        kinds: dict[type[BaseModel], Connection] = {}
        for kind, providers in specs.items():
            if (spec := providers.get(provider)) is None:
                continue
            # One account has one configuration, whatever its kinds: what it makes up too.
            its = kinds.get(spec.config)
            if its is None:
                its = _configure(name, kind, spec, table, environ, origin_of)
                kinds[spec.config] = its
            connections.append(replace(its, kind=kind, spec=spec))
    return connections


def is_secret(model: type[BaseModel], name: str) -> bool:
    """Tell whether a value of a connection is never shown, or should have been called so."""
    field = model.model_fields.get(name)
    return field is None or bool(_TELLTALE.search(name)) or _holds_secret(field.annotation)


def _holds_secret(annotation: object) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, SecretStr | SecretBytes):
        return True
    return any(map(_holds_secret, typing.get_args(annotation)))


def _configure(
    name: str,
    kind: str,
    spec: MessageSpec,
    table: Mapping[str, object],
    environ: Mapping[str, str],
    origin_of: OriginOf,
) -> Connection:
    set_by = {
        field: variable
        for field, variable in variables_of(spec.config).items()
        if environ.get(variable)
    }
    origins = {**{key: origin_of(name, key) for key in table}, **set_by}
    ours = {key: value for key, value in table.items() if key in Bounds.model_fields}
    theirs = {key: value for key, value in table.items() if key not in {"provider", *ours}}
    values = {**theirs, **{field: environ[variable] for field, variable in set_by.items()}}
    config, bounds, faults = None, Bounds(), list[str]()
    sound: dict[str, object] = {}
    try:
        config = spec.config.model_validate(values)
    except ValidationError as error:
        faults += _sentences(error, name, spec.config, origins, values)
        refused = {str(part) for each in error.errors() for part in each["loc"][:1]}
        sound = {key: value for key, value in values.items() if key not in refused}
        sound = {key: sound[key] for key in sound if not is_secret(spec.config, key)}
    except Exception as error:  # noqa: BLE001 - an adapter's own checks may raise anything
        faults.append(f"Its adapter broke over the settings ({type(error).__name__}).")
    else:
        faults += _unfit_for_headers(config, origins)
    try:
        bounds = Bounds.model_validate(ours)
    except ValidationError as error:
        faults += _sentences(error, name, Bounds, origins, ours)
    return Connection(
        name=name,
        kind=kind,
        spec=spec,
        config=None if faults else config,
        bounds=bounds,
        fault=" ".join(faults) or None,
        origins=origins,
        sound=sound,
    )


def _sentences(
    error: ValidationError,
    name: str,
    model: type[BaseModel],
    origins: Mapping[str, str],
    values: Mapping[str, object],
) -> Iterator[str]:
    """Return what is wrong and where it was set, for each field once."""
    told: set[str] = set()
    variables = variables_of(model)
    secrets = {key for key in values if is_secret(model, key)}
    for each in error.errors(include_url=False, include_input=False):
        field = str(each["loc"][0]) if each["loc"] else ""
        if field in told:
            continue
        told.add(field)
        where = f"{field} in {origins[field]}" if field in origins else field
        if origins.get(field) == variables.get(field, ""):
            where = f"{origins[field]} ({field})"
        if each["type"] == "missing":
            or_variable = f" or {variables[field]}" if field in variables else ""
            yield f"{field} is missing: set it in [providers.{name}]{or_variable}."
        elif each["type"] == "extra_forbidden":
            nearest = difflib.get_close_matches(field, list(model.model_fields), n=1, cutoff=0)
            hint = f"; the nearest known key is {nearest[0]}" if nearest else ""
            yield f"{where} is unknown{hint}."
        else:
            unsaid = [str(values[key]) for key in secrets | {field} if key in values]
            is_hidden = field in secrets and each["type"] in _OWN
            told_of = _told(each, unsaid) if not is_hidden else _UNTOLD
            yield f"{where or f'[providers.{name}]'} is not valid: {told_of}."


def _told(error: ErrorDetails, unsaid: Collection[str]) -> str:
    """Return what an error says, unless that may quote what must not be said."""
    said = plainly(error)
    is_own = error["type"] in _OWN and not any(value in said for value in unsaid if value)
    return said if is_own or error["type"] in _TELLABLE else _UNTOLD


def _unfit_for_headers(config: BaseModel, origins: Mapping[str, str]) -> Iterator[str]:
    """
    Say which secrets cannot go into an HTTP header: a key that was copied with its line's end.

    A field that holds other text, such as a private key in PEM, says so: ``"multiline": True``.
    """
    for name, field in type(config).model_fields.items():
        value, extra = getattr(config, name), field.json_schema_extra
        if not isinstance(value, SecretStr) or (isinstance(extra, dict) and extra.get("multiline")):
            continue
        secret = value.get_secret_value()
        if not secret.isascii():
            fault = "characters that are not ASCII"
        elif secret.strip() != secret:
            fault = "a blank or a line break at its beginning or end"
        elif not secret.isprintable():
            fault = "control characters"
        else:
            continue
        origin = origins.get(name, "its default")
        yield f"{name} in {origin} holds {fault}: copy it again, without anything around it."
