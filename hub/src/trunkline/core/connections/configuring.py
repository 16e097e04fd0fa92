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

from trunkline.core.connections.lanes import Bounds
from trunkline.core.connections.pricing import priced
from trunkline.core.connections.registry import AnySpec, Connection
from trunkline.loading import plainly, variables_of
from trunkline.settings.money import Prices

REGISTERED: Final = "registered"
"""Who set what came by a registration."""

OriginOf = Callable[[str, str], str]
"""Tells of a connection and a key of its table who set it: a file, or an environment variable."""

_OWN: Final = frozenset({"value_error", "assertion_error"})
"""The errors whose message is a sentence of the adapter, which may quote what was given."""

_TELLABLE: Final = frozenset(typing.get_args(ErrorType)) - _OWN - {"union_tag_invalid"}
"""The errors whose message says what is wanted and never what was given."""

_UNTOLD: Final = "the adapter's documentation says what it takes"
_TELLTALE: Final = re.compile("auth|credential|key|passw|pin|secret|token")


def configure(
    specs: Mapping[str, Mapping[str, AnySpec]],
    tables: Mapping[str, Mapping[str, object]],
    slots: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    origin_of: OriginOf,
    prices: Mapping[str, Prices] | None = None,
    currency: str = "USD",
    registered: Mapping[str, Mapping[str, object]] | None = None,
) -> list[Connection]:
    """
    Return the connections that the settings describe.

    Args:
        specs: The loaded providers by kind, then by name.
        tables: Connection name to its table; one without ``provider`` is of the provider it is
            named after. A slot that names a loaded provider needs no table, nor does a local one;
            one that simulates and has none is there for agents that are simulated.
        slots: The connections named in the slot of each kind.
        environ: Where fields that name an environment variable are filled from.
        prices: Connection name to the prices that it has instead of its adapter's.
        currency: That of those that name none.
        registered: Connection name to what was registered of it, its ``provider`` too: what it has
            counts before the environment, which counts before the table.
    """
    wanted = dict(tables)
    for kind, providers in specs.items():
        named = slots.get(kind, ())
        for name in (*named, *providers):
            if name in providers and name not in wanted:
                variables = variables_of(providers[name].config).values()
                is_set = name in named or any(environ.get(each) for each in variables)
                if is_set or providers[name].local:
                    wanted[name] = {}
    registered = registered or {}
    known = frozenset(wanted)
    wanted |= {
        name: {"provider": given["provider"]}
        for name, given in registered.items()
        if name not in known
    }
    have = {str(table.get("provider", name)) for name, table in wanted.items()}
    simulated = (each for providers in specs.values() for each in providers.values())
    unasked = {each.name for each in simulated if each.simulated} - have - wanted.keys()
    connections: list[Connection] = []
    for name, table in (*wanted.items(), *((name, {}) for name in sorted(unasked))):
        provider = str(table.get("provider", name))
        kinds: dict[type[BaseModel], Connection] = {}
        for kind, providers in specs.items():
            if (spec := providers.get(provider)) is None:
                continue
            # One account has one configuration, whatever its kinds: what it makes up too.
            its = kinds.get(spec.config)
            if its is None:
                given = registered.get(name, {})
                its = _configure(name, kind, spec, table, environ, origin_of, given)
                kinds[spec.config] = its
            spec = priced(spec, (prices or {}).get(name), currency)
            its = replace(its, kind=kind, spec=spec, unasked=name in unasked)
            its = replace(its, is_registered=name in registered and name not in known)
            connections.append(its)
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
    spec: AnySpec,
    table: Mapping[str, object],
    environ: Mapping[str, str],
    origin_of: OriginOf,
    registered: Mapping[str, object],
) -> Connection:
    set_by = {
        field: variable
        for field, variable in variables_of(spec.config).items()
        if environ.get(variable)
    }
    config, bounds, faults = None, Bounds(), dict[str, str]()
    if registered.get("provider", spec.name) != spec.name:
        faults["provider"] = (
            f"It is registered for another provider than the settings have, {spec.name}: call one "
            "of the two otherwise."
        )
        registered = {}
    newest = {key: value for key, value in registered.items() if key != "provider"}
    origins = {
        **{key: origin_of(name, key) for key in table},
        **set_by,
        **dict.fromkeys(newest, REGISTERED),
    }
    all_of_it = {**table, **newest}
    ours = {key: value for key, value in all_of_it.items() if key in Bounds.model_fields}
    theirs = {key: value for key, value in table.items() if key not in {"provider", *ours}}
    values = {**theirs, **{field: environ[variable] for field, variable in set_by.items()}}
    values |= {key: value for key, value in newest.items() if key not in ours}
    sound: dict[str, object] = {}
    try:
        config = spec.config.model_validate(values)
    except ValidationError as error:
        faults |= dict(_sentences(error, name, spec.config, origins, values))
        refused = {str(part) for each in error.errors() for part in each["loc"][:1]}
        sound = {key: value for key, value in values.items() if key not in refused}
        sound = {key: sound[key] for key in sound if not is_secret(spec.config, key)}
    except Exception as error:  # noqa: BLE001 - an adapter's own checks may raise anything
        faults[""] = f"Its adapter broke over the settings ({type(error).__name__})."
    else:
        faults |= dict(_unfit_for_headers(config, origins))
    try:
        bounds = Bounds.model_validate(ours)
    except ValidationError as error:
        faults |= dict(_sentences(error, name, Bounds, origins, ours))
    return Connection(
        name=name,
        kind=kind,
        spec=spec,
        config=None if faults else config,
        bounds=bounds,
        fault=" ".join(faults.values()) or None,
        faulty=tuple(faults),
        origins=origins,
        sound=sound,
    )


def _sentences(
    error: ValidationError,
    name: str,
    model: type[BaseModel],
    origins: Mapping[str, str],
    values: Mapping[str, object],
) -> Iterator[tuple[str, str]]:
    """Return each field that is wrong, once, with what is wrong and where it was set."""
    told: set[str] = set()
    variables = variables_of(model)
    secrets = {key for key in values if is_secret(model, key)}
    for each in error.errors(include_url=False, include_input=False):
        field = str(each["loc"][0]) if each["loc"] else ""
        if field in told:
            continue
        told.add(field)
        where = f"{field} in {origins[field]}" if field in origins else field
        if origins.get(field) == REGISTERED:
            where = f"{field}, as registered,"
        if origins.get(field) == variables.get(field, ""):
            where = f"{origins[field]} ({field})"
        if each["type"] == "missing":
            or_variable = f" or {variables[field]}" if field in variables else ""
            yield field, f"{field} is missing: set it in [providers.{name}]{or_variable}."
        elif each["type"] == "extra_forbidden":
            nearest = difflib.get_close_matches(field, list(model.model_fields), n=1, cutoff=0)
            hint = f"; the nearest known key is {nearest[0]}" if nearest else ""
            yield field, f"{where} is unknown{hint}."
        else:
            unsaid = [str(values[key]) for key in secrets | {field} if key in values]
            is_hidden = field in secrets and each["type"] in _OWN
            told_of = _told(each, unsaid) if not is_hidden else _UNTOLD
            yield field, f"{where or f'[providers.{name}]'} is not valid: {told_of}."


def _told(error: ErrorDetails, unsaid: Collection[str]) -> str:
    """Return what an error says, unless that may quote what must not be said."""
    said = plainly(error)
    is_own = error["type"] in _OWN and not any(value in said for value in unsaid if value)
    return said if is_own or error["type"] in _TELLABLE else _UNTOLD


def _unfit_for_headers(config: BaseModel, origins: Mapping[str, str]) -> Iterator[tuple[str, str]]:
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
        where = f"{name}, as registered," if origin == REGISTERED else f"{name} in {origin}"
        yield name, f"{where} holds {fault}: copy it again, without anything around it."
