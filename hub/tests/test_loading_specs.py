"""A spec with something wrong in it: its plugin does not load, and is told which field and file."""

import pytest

from trunkline.loading import PluginState

from .installed import PREAMBLE, InstalledPlugins, load, only_report, telephony

MORE = """
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from pydantic import Field, SecretStr
from trunkline.sdk import Idempotency, PriceList, TelephonyProvider, WebhookAdapter

class Webhooks(WebhookAdapter):
    def claims(self, request): ...
    def verify(self, request, config): ...
    def parse(self, request): ...

class Async(Webhooks):
    async def parse(self, request): ...

class Unfinished(WebhookAdapter):
    def claims(self, request): ...
    def parse(self, request): ...

class Stranger: ...

class Texts(TelephonyProvider):
    async def send(self, sms): ...

class Calls(TelephonyProvider):
    async def place_call(self, call): ...

class Port(BaseModel):
    key: str = Field(json_schema_extra={"env": "PORT"})

def reading(variable):
    class Config(BaseModel):
        key: str = Field(json_schema_extra={"env": variable})
    return Config

class Unfinished_(BaseModel):
    key: "NobodyKnows"

class Taken(BaseModel):
    max_at_once: int

async def coroutine(config, context): ...

async def generator(config, context):
    yield

def of_one(config): ...

def yielding(what):
    async def opening(config, context):
        yield
    opening.__annotations__["return"] = what
    return asynccontextmanager(opening)

def prices(**wrong):
    usual = {"currency": "USD", "source": "x", "checked_on": date(2026, 1, 1)}
    return PriceList(**{**usual, "sms_segment_micros": {"*": 7900}, **wrong})
"""


def source(hook: str, spec: str) -> str:
    """Return a plugin that offers one spec."""
    return f"{PREAMBLE}{MORE}\n@hookimpl\ndef trunkline_register_{hook}():\n    return [{spec}]\n"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("'my acme'", "name must be of lower-case letters"),
        ("''", "name must be"),
        ("None", "name must be"),
        ("'Acme'", "name must be"),
        ("'a' * 65", "name must be"),
        ("'acme', config=dict", "config must be a class derived from pydantic's BaseModel"),
        ("'acme', config=BaseModel", "config must be a class derived from pydantic's BaseModel"),
        ("'acme', config=Unfinished_", "config must name types that are defined"),
        ("'acme', config=Texts", "config must be a class derived from pydantic's BaseModel"),
        ("'acme', config=Taken(max_at_once=1)", "config must be a class"),
        ("'acme', config=Taken", "config must have other fields than provider, max_at_once"),
        ("'acme', open=None", "open must be a function of a config and a context, not None"),
        ("'acme', open=of_one", "open must be a function of a config and a context"),
        ("'acme', open=coroutine", "decorate it @asynccontextmanager"),
        ("'acme', open=generator", "decorate it @asynccontextmanager"),
        ("'acme', open=partial(generator)", "decorate it @asynccontextmanager"),
        ("'acme', capabilities=None", "capabilities must be a frozenset of Capability, not None"),
        ("'acme', capabilities='sms.send'", "capabilities must be a frozenset"),
        ("'acme', capabilities=[Capability.SMS_SEND]", "capabilities must be a frozenset"),
        (
            "'acme', capabilities=frozenset({'sms.sned'})",
            "capabilities must hold members of Capability, not 'sms.sned'",
        ),
        ("'acme', idempotency='key'", "idempotency must be an Idempotency"),
        ("'acme', idempotency=Idempotency", "idempotency must be an Idempotency"),
        ("'acme', idempotency=Idempotency(form='uuid')", "idempotency.form must be a member"),
        ("'acme', idempotency=Idempotency(window_s=0)", "idempotency.window_s must be a number"),
        ("'acme', failures=None", "failures must be a mapping"),
        ("'acme', failures={30003: None}", "failures must have the provider's codes as text"),
        ("'acme', failures={'30003': 'unreachable'}", "failures['30003'] must be a Failure"),
        ("'acme', accept_latency_s=-1", "accept_latency_s must be a number of seconds, 0 or more"),
        ("'acme', accept_latency_s='60'", "accept_latency_s must be a number"),
        ("'acme', accept_latency_s=float('nan')", "accept_latency_s must be a number"),
        ("'acme', accept_latency_s=True", "accept_latency_s must be a number"),
        ("'acme', most_characters=0", "most_characters must be a whole number above 0, or None"),
        ("'acme', lookup_lag_s=-1", "lookup_lag_s must be a number of seconds, 0 or more"),
        ("'acme', webhook=Webhooks", "webhook must be an instance: add ()"),
        ("'acme', webhook=Stranger()", "webhook must be an instance of a WebhookAdapter"),
        ("'acme', webhook=Async()", "webhook.parse must be a plain function, without async"),
        ("'acme', webhook=Unfinished()", "webhook.verify must be defined"),
        ("'acme', prices={'*': 7900}", "prices must be a PriceList or None"),
        ("'acme', prices=prices(currency='dollars')", "prices.currency must be an ISO 4217 code"),
        ("'acme', prices=prices(source=None)", "prices.source must be a text"),
        ("'acme', prices=prices(checked_on='today')", "prices.checked_on must be a date"),
        (
            "'acme', prices=prices(sms_segment_micros={'*': 0.0079})",
            "prices.sms_segment_micros['*'] must be a whole number of micro-units",
        ),
        ("'acme', prices=prices(sms_segment_micros={'*': -1})", "must be a whole number of micro"),
        ("'acme', prices=prices(sms_segment_micros=None)", "must be a mapping of regions"),
        ("'acme', prices=prices(mms_message_micros={'de': 1})", "must have ISO 3166 regions"),
        ("'acme', simulated='no'", "simulated must be True or False"),
        ("'acme', local=1", "local must be True or False"),
        ("'acme', warning=' '", "warning must be a sentence or None"),
        ("'acme', warning=True", "warning must be a sentence or None"),
        (
            "'acme', open=yielding(AsyncIterator[Calls])",
            "open: it yields a Calls without send, which sms.send needs",
        ),
        ("'acme', open=yielding(AsyncIterator[Stranger])", "which is no TelephonyProvider"),
    ],
)
def test_case_d5_a_spec_the_hub_could_not_work_with_fails_its_plugin_by_field_and_file(
    installed: InstalledPlugins, wrong: str, sentence: str
) -> None:
    module = installed.add("acme", source("telephony", f"provider({wrong})"))
    installed.add("good", telephony("good"))

    plugins = load(installed)
    report = plugins.reports[0]

    assert report.state is PluginState.FAILED
    assert sentence in report.detail
    assert f"/{module}.py: ProviderSpec " in report.detail
    assert len(report.detail) <= 300
    assert list(plugins.telephony) == ["good"]


@pytest.mark.parametrize(
    "right",
    [
        "'acme'",
        "'green-api_2'",
        "'acme', webhook=Webhooks(), prices=prices(), accept_latency_s=0, simulated=True",
        "'acme', open=yielding(AsyncIterator[Texts])",
        "'acme', open=yielding(AsyncIterator[TelephonyProvider])",
        "'acme', open=yielding('AsyncIterator[NobodyKnows]')",
        "'acme', open=partial(lambda network, config, context: None, 'network')",
        "'acme', capabilities=frozenset(), open=yielding(AsyncIterator[Calls])",
        "'acme', config=reading('ACME_API_KEY')",
        "'green-api', config=reading('GREEN_API_KEY')",
    ],
)
def test_a_spec_the_hub_can_work_with_loads(installed: InstalledPlugins, right: str) -> None:
    installed.add("acme", source("telephony", f"provider({right})"))

    report = only_report(load(installed))

    assert (report.state, report.detail) == (PluginState.LOADED, "")


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        *(
            ("acme", variable)
            for variable in (
                *("CREDENTIALS_ENCRYPTION_KEY", "PORT", "TWILIO_AUTH_TOKEN", "ADMIN_TOKEN", "PATH"),
                *(
                    "TRUNKLINE_SERVER__PORT",
                    "acme_api_key",
                    "ACMEKEY",
                    "ACME_",
                    "",
                    "XACME_API_KEY",
                ),
            )
        ),
        ("credentials", "CREDENTIALS_ENCRYPTION_KEY"),
        ("admin", "ADMIN_TOKEN"),
        ("demo", "DEMO_MODE"),
        ("trunkline", "TRUNKLINE_PROVIDERS__TWILIO__AUTH_TOKEN"),
        ("acme", None),
        ("acme", ["ACME_API_KEY"]),
    ],
)
def test_case_d13_a_field_may_be_filled_from_a_variable_of_the_providers_own_prefix_only(
    installed: InstalledPlugins, name: str, variable: object
) -> None:
    spec = f"provider({name!r}, config=reading({variable!r}))"
    installed.add("acme", source("telephony", spec))

    report = only_report(load(installed))

    assert report.state is PluginState.FAILED
    prefix = name.upper()
    assert f"env of config field 'key' must be a variable of the provider's own, {prefix}_…" in (
        report.detail
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("'paper', schemes='paper'", "schemes must be a tuple of URL schemes"),
        ("'paper', schemes=()", "schemes must be a tuple"),
        ("'paper', schemes=('no scheme',)", "schemes must be a tuple"),
        ("'paper', embedded=1", "embedded must be True or False"),
        ("'paper', open=None", "open must be a function of a url and a context"),
        ("'paper', backup='yes'", "backup must be a function or None"),
        ("'my paper'", "name must be of lower-case letters"),
    ],
)
def test_case_d5_a_database_is_checked_alike(
    installed: InstalledPlugins, wrong: str, sentence: str
) -> None:
    installed.add("paper", source("database", f"database({wrong})"))

    assert sentence in only_report(load(installed)).detail


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("prefix='/p/x', app=None", "app must be an ASGI application"),
        ("prefix='/admin', app=app", "prefix must be /demo or /p/<plugin>"),
        ("prefix=None, app=app", "prefix must be /demo or /p/<plugin>"),
        ("prefix='/p/x', app=app, demo_only='yes'", "demo_only must be True or False"),
    ],
)
def test_case_d5_a_site_is_checked_alike(
    installed: InstalledPlugins, wrong: str, sentence: str
) -> None:
    installed.add("page", source("sites", f"Site({wrong})"))

    assert sentence in only_report(load(installed)).detail


def test_what_cannot_even_be_shown_is_told_by_its_type(installed: InstalledPlugins) -> None:
    shy = "\nclass Shy:\n    def __repr__(self): raise ValueError\n"
    spec = "provider('acme', prices=Shy())"
    installed.add("acme", source("telephony", spec).replace("\n@hookimpl", f"{shy}\n@hookimpl"))

    assert only_report(load(installed)).detail.endswith("or None, not a Shy.")
