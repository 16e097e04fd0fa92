"""What must be true of a spec before the hub believes it, so that nothing of it breaks later."""

import functools
import inspect
import math
import re
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Mapping,
)
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any, Final

from pydantic import BaseModel

from trunkline.loading.variables import is_the_hubs
from trunkline.sdk import (
    AlertSinkSpec,
    DatabaseSpec,
    FailureKind,
    FilterSpec,
    Idempotency,
    KeyForm,
    Kind,
    PriceList,
    ProviderSpec,
    Site,
    WebhookAdapter,
)
from trunkline.sdk.alerts import OWN_SINKS

HUBS_KEYS: Final = ("provider", "max_at_once", "max_per_second")
"""The keys of a connection's table that are the hub's own."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_LONGEST_NAME: Final = 64
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_PREFIX: Final = re.compile(r"/(demo|p/[a-z0-9_-]+)")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_REGION: Final = re.compile(r"[A-Z]{2}|\*")
_LONGEST_SHOWN: Final = 60
_OPENS: Final = (AsyncIterator, AsyncGenerator, AbstractAsyncContextManager)
_WEBHOOK_METHODS: Final = ("claims", "verify", "parse", "reply")


class Unfit(Exception):
    """A plugin broke a rule; the text is a whole sentence."""


def check_provider(spec: ProviderSpec[Any, Any], kind: Kind) -> None:
    """
    Check a provider of a kind.

    Raises:
        Unfit: The hub could not work with it; the sentence names the field.
    """
    said = f"ProviderSpec {_shown(spec.name)}"
    _check_name(said, spec.name)
    _check_config(said, spec.name, spec.config)
    _check_opens(said, spec.open, given=("config", "context"))
    _check_capabilities(said, spec.capabilities, kind)
    for field in ("accept_latency_s", "lookup_lag_s"):
        seconds = getattr(spec, field)
        _must(_is_number(seconds), said, field, seconds, "be a number of seconds, 0 or more")
    most: object = spec.most_characters
    is_most = most is None or (isinstance(most, int) and not isinstance(most, bool) and most > 0)
    _must(is_most, said, "most_characters", most, "be a whole number above 0, or None")
    _check_key(said, spec.idempotency)
    _check_failures(said, spec.failures)
    _check_webhook(said, spec.webhook)
    _check_prices(said, spec.prices)
    for field in ("simulated", "local"):
        is_it = getattr(spec, field)
        _must(isinstance(is_it, bool), said, field, is_it, "be True or False")
    warning: object = spec.warning
    is_text = warning is None or (isinstance(warning, str) and bool(warning.strip()))
    _must(is_text, said, "warning", warning, "be a sentence or None")
    provider = _opened_by(spec.open, kind)
    if provider is not None and (fault := provider_fault(provider, kind, spec.capabilities)):
        raise Unfit(f"{said}: open: {fault}")


def check_database(spec: DatabaseSpec) -> None:
    """Check a kind of database; `Unfit` as above."""
    said = f"DatabaseSpec {_shown(spec.name)}"
    _check_name(said, spec.name)
    schemes: object = spec.schemes
    _must(
        isinstance(schemes, tuple)
        and bool(schemes)
        and all(isinstance(each, str) and _SCHEME.fullmatch(each) for each in schemes),
        said,
        "schemes",
        schemes,
        'be a tuple of URL schemes, such as ("sqlite",)',
    )
    _must(isinstance(spec.embedded, bool), said, "embedded", spec.embedded, "be True or False")
    _check_opens(said, spec.open, given=("url", "context"))
    for field in ("backup", "restore"):
        value = getattr(spec, field)
        _must(value is None or callable(value), said, field, value, "be a function or None")


def check_site(site: Site) -> None:
    """Check a web application; `Unfit` as above."""
    said = f"Site {_shown(site.prefix)}"
    prefix: object = site.prefix
    _must(
        isinstance(prefix, str) and bool(_PREFIX.fullmatch(prefix)),
        said,
        "prefix",
        prefix,
        "be /demo or /p/<plugin>",
    )
    _must(callable(site.app), said, "app", site.app, "be an ASGI application")
    _must(isinstance(site.demo_only, bool), said, "demo_only", site.demo_only, "be True or False")


def check_filter(spec: FilterSpec[Any]) -> None:
    """Check a compliance filter; `Unfit` as above."""
    said = f"FilterSpec {_shown(spec.name)}"
    _check_name(said, spec.name)
    noun: object = spec.noun
    _must(isinstance(noun, str) and noun.strip(), said, "noun", noun, "say what it looks after")
    _check_config(said, spec.name, spec.config)
    needed = [name for name, field in spec.config.model_fields.items() if field.is_required()]
    _must(not needed, said, "config", needed, "have a default for every field")
    create: object = spec.create
    _must(callable(create), said, "create", create, "be a function of a config")


def check_sink(spec: AlertSinkSpec[Any]) -> None:
    """Check an alert sink; `Unfit` as above."""
    said = f"AlertSinkSpec {_shown(spec.name)}"
    _check_name(said, spec.name)
    noun: object = spec.noun
    _must(isinstance(noun, str) and noun.strip(), said, "noun", noun, "say where it tells")
    _must(spec.name not in OWN_SINKS, said, "name", spec.name, "be none of the hub's own sinks")
    _check_config(said, spec.name, spec.config)
    taken = "min_severity" in spec.config.model_fields
    _must(not taken, said, "config", "min_severity", "leave that key to the hub")
    opened: object = spec.open
    _must(callable(opened), said, "open", opened, "be a function of a config and a context")


def provider_fault(provider: type, kind: Kind, capabilities: frozenset[str]) -> str | None:
    """Return what a class of providers of a kind lacks, in a sentence, or None."""
    base = kind.provider
    if not issubclass(provider, base):
        return f"it yields a {provider.__name__}, which is no {base.__name__}: make it a subclass."
    for capability in sorted(capabilities & kind.operations.keys()):
        operation = kind.operations[capability]
        if getattr(provider, operation) is getattr(base, operation):
            lacks = f"it yields a {provider.__name__} without {operation}, which "
            return f"{lacks}{capability} needs: define it, or do not declare that."
    return None


def variables_of(config: type[BaseModel]) -> dict[str, str]:
    """Return the environment variable of each field of a connection that names one."""
    named = ((name, field.json_schema_extra) for name, field in config.model_fields.items())
    return {
        name: str(extra["env"])
        for name, extra in named
        if isinstance(extra, dict) and "env" in extra
    }


def _must(holds: object, said: str, field: str, value: object, wanted: str) -> None:
    if not holds:
        raise Unfit(f"{said}: {field} must {wanted}, not {_shown(value)}.")


def _shown(value: object) -> str:
    try:
        return f"{value!r:.{_LONGEST_SHOWN}}"
    except Exception:  # noqa: BLE001 - what it is cannot be told, but of what type it is
        return f"a {type(value).__name__}"


def _check_name(said: str, name: object) -> None:
    fits = isinstance(name, str) and _NAME.fullmatch(name) and len(name) <= _LONGEST_NAME
    wanted = "be of lower-case letters and digits, with single dashes or underscores between them"
    _must(bool(fits), said, "name", name, wanted)


def _check_config(said: str, name: str, config: object) -> None:
    is_model = isinstance(config, type) and issubclass(config, BaseModel)
    is_model = is_model and config is not BaseModel
    _must(is_model, said, "config", config, "be a class derived from pydantic's BaseModel")
    assert isinstance(config, type)
    assert issubclass(config, BaseModel)
    _must(config.__pydantic_complete__, said, "config", config, "name types that are defined")
    prefix = f"{name.upper().replace('-', '_')}_"
    for field, info in config.model_fields.items():
        where = f"config field {field!r}"
        _must(
            field not in HUBS_KEYS,
            said,
            "config",
            field,
            f"have other fields than {', '.join(HUBS_KEYS)}, which are the hub's",
        )
        extra = info.json_schema_extra
        if not isinstance(extra, dict) or "env" not in extra:
            continue
        variable = extra["env"]
        _must(
            isinstance(variable, str)
            and re.fullmatch(rf"{prefix}[A-Z0-9_]+", variable) is not None
            and not is_the_hubs(variable),
            said,
            f"env of {where}",
            variable,
            f"be a variable of the provider's own, {prefix}…",
        )


def _check_opens(said: str, opens: object, *, given: tuple[str, str]) -> None:
    wanted = f"be a function of a {given[0]} and a {given[1]}"
    _must(callable(opens), said, "open", opens, wanted)
    assert callable(opens)
    bare: object = opens
    while isinstance(bare, functools.partial):
        bare = bare.func
    _must(
        not inspect.isasyncgenfunction(bare) and not inspect.iscoroutinefunction(bare),
        said,
        "open",
        opens,
        "return an async context manager: decorate it @asynccontextmanager",
    )
    try:
        signature = inspect.signature(opens)
    except (TypeError, ValueError):
        return  # native code need not say what it takes
    try:
        signature.bind(*given)
    except TypeError:
        _must(None, said, "open", opens, wanted)


def _check_capabilities(said: str, capabilities: object, kind: Kind) -> None:
    field, wanted = "capabilities", "be a frozenset of Capability"
    _must(isinstance(capabilities, frozenset), said, field, capabilities, wanted)
    assert isinstance(capabilities, frozenset)
    for each in capabilities:
        _must(kind.knows(each), said, field, each, "hold members of Capability")


def _check_key(said: str, key: object) -> None:
    wanted = "be an Idempotency, such as Idempotency(window_s=86400), or None"
    _must(key is None or isinstance(key, Idempotency), said, "idempotency", key, wanted)
    if not isinstance(key, Idempotency):
        return
    _must(
        isinstance(key.form, KeyForm), said, "idempotency.form", key.form, "be a member of KeyForm"
    )
    _must(
        _is_number(key.window_s) and key.window_s > 0,
        said,
        "idempotency.window_s",
        key.window_s,
        "be a number of seconds above 0",
    )


def _check_failures(said: str, failures: object) -> None:
    is_mapping = isinstance(failures, Mapping)
    _must(is_mapping, said, "failures", failures, "be a mapping of codes to Failure")
    assert isinstance(failures, Mapping)
    for code, failure in failures.items():
        _must(isinstance(code, str), said, "failures", code, "have the provider's codes as text")
        parts = (getattr(failure, "kind", None), getattr(failure, "sentence", None))
        fits = isinstance(parts[0], FailureKind) and isinstance(parts[1], str)
        wanted = "be a Failure of a FailureKind and a sentence"
        _must(fits, said, f"failures[{code!r:.20}]", failure, wanted)


def _check_webhook(said: str, webhook: object) -> None:
    is_class = isinstance(webhook, type)
    _must(not is_class, said, "webhook", webhook, "be an instance: add () to the class's name")
    fits = webhook is None or isinstance(webhook, WebhookAdapter)
    _must(fits, said, "webhook", webhook, "be an instance of a WebhookAdapter, or None")
    if webhook is None:
        return
    for name in _WEBHOOK_METHODS:
        own, inherited = getattr(type(webhook), name), getattr(WebhookAdapter, name)
        where = f"webhook.{name}"
        is_async = inspect.iscoroutinefunction(own) or inspect.isasyncgenfunction(own)
        _must(not is_async, said, where, own, "be a plain function, without async")
        _must(own is not inherited or name == "reply", said, where, own, "be defined")


def _check_prices(said: str, prices: object) -> None:
    fits = prices is None or isinstance(prices, PriceList)
    _must(fits, said, "prices", prices, "be a PriceList or None")
    if not isinstance(prices, PriceList):
        return
    _must(
        _matches(_CURRENCY, prices.currency),
        said,
        "prices.currency",
        prices.currency,
        "be an ISO 4217 code such as USD",
    )
    _must(isinstance(prices.source, str), said, "prices.source", prices.source, "be a text")
    _must(
        isinstance(prices.checked_on, date),
        said,
        "prices.checked_on",
        prices.checked_on,
        "be a date",
    )
    for field in ("sms_segment_micros", "mms_message_micros", "call_minute_micros"):
        by_region = getattr(prices, field)
        _must(
            isinstance(by_region, Mapping),
            said,
            f"prices.{field}",
            by_region,
            "be a mapping of regions to micro-units",
        )
        for region, micros in by_region.items():
            _must(
                _matches(_REGION, region),
                said,
                f"prices.{field}",
                region,
                'have ISO 3166 regions of two letters, or "*", as keys',
            )
            is_price = isinstance(micros, int) and not isinstance(micros, bool) and micros >= 0
            _must(
                is_price,
                said,
                f"prices.{field}[{region!r}]",
                micros,
                "be a whole number of micro-units, 0 or more",
            )


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0  # type: ignore[arg-type, operator]


def _opened_by(opens: Callable[..., Any], kind: Kind) -> type | None:
    """Return the class that `open` says it yields; None if it says nothing, or the base class."""
    bare: Any = opens
    while isinstance(bare, functools.partial):
        bare = bare.func
    try:
        hint = typing.get_type_hints(inspect.unwrap(bare)).get("return")
    except Exception:  # noqa: BLE001 - an annotation may name anything, or what is not there
        return None
    if typing.get_origin(hint) not in _OPENS:
        return None
    yielded, *_ = typing.get_args(hint)
    is_known = isinstance(yielded, type) and yielded is not kind.provider
    return yielded if is_known else None
