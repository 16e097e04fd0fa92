"""What a connection's settings come to, and what is said of those that will not do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self, cast

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from trunkline.core.connections.configuring import configure
from trunkline.core.connections.opening import OpenProviders
from trunkline.core.connections.registry import AnySpec, Connection, Connections
from trunkline.sdk import Capability, ProviderSpec, TelephonyProvider
from trunkline.testing import FakeClock, RecordingLog


class Nothing(BaseModel):
    """What a provider without settings is configured with."""


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api_key: SecretStr = Field(min_length=1, json_schema_extra={"env": "ACME_API_KEY"})
    region: str = Field("us", pattern="^(us|eu)$", json_schema_extra={"env": "ACME_REGION"})
    private_key: SecretStr | None = Field(None, json_schema_extra={"multiline": True})
    pin: str = ""
    both: str = ""

    @field_validator("pin")
    @classmethod
    def _four_digits(cls, value: str) -> str:
        if value == "lookup":
            raise LookupError
        if value and len(value) != 4:
            raise ValueError(f"{value} has not four digits")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.both == "pin" and not self.pin:
            raise ValueError(f"{self.region} takes a pin")
        if self.both == "key":
            raise ValueError(f"{self.api_key.get_secret_value()} is no key")
        return self


SPEC: ProviderSpec[TelephonyProvider, Any] = ProviderSpec(
    name="acme",
    config=Config,
    open=lambda config, context: pytest.fail("opened"),
    capabilities=frozenset({Capability.SMS_SEND}),
)


def configured(table: Mapping[str, object], **environ: str) -> Connection:
    """Return the connection `acme` of a file's table and an environment."""
    origin = "trunkline.toml"
    (connection,) = configure(
        {"telephony": {"acme": cast(AnySpec, SPEC)}},
        {"acme": table},
        {"telephony": ["acme"]},
        environ,
        lambda name, key: origin,
    )
    return connection


def fault_of(table: Mapping[str, object], **environ: str) -> str:
    """Return what is said of settings that will not do."""
    connection = configured(table, **environ)
    assert connection.config is None
    assert connection.fault is not None
    return connection.fault


def test_case_d7_an_unknown_key_is_told_with_the_nearest_one() -> None:
    fault = fault_of({"api_ky": "hunter2"})

    assert "api_ky in trunkline.toml is unknown; the nearest known key is api_key." in fault
    assert "api_key is missing: set it in [providers.acme] or ACME_API_KEY." in fault
    assert "hunter2" not in fault


def test_case_d7_a_value_from_the_environment_is_told_by_its_variable() -> None:
    fault = fault_of({"api_key": "k"}, ACME_REGION="hunter2")

    assert fault == ("ACME_REGION (region) is not valid: String should match pattern '^(us|eu)$'.")


def test_case_d7_a_value_from_the_file_is_told_by_its_file() -> None:
    assert fault_of({"api_key": "k", "region": "mars"}).startswith(
        "region in trunkline.toml is not valid: "
    )
    assert "max_at_once in trunkline.toml is not valid" in fault_of(
        {"api_key": "k", "max_at_once": "many"}
    )


def test_what_an_adapters_own_check_says_is_not_repeated_as_it_may_quote_the_value() -> None:
    assert "4711x" not in fault_of({"api_key": "k", "pin": "4711x"})


def test_what_an_adapters_check_of_all_says_is_told_unless_it_quotes_a_secret() -> None:
    right = {"api_key": "k-4711", "region": "eu"}

    assert "[providers.acme] is not valid: eu takes a pin." in fault_of({**right, "both": "pin"})
    assert "documentation says" in fault_of({**right, "both": "key"})
    assert "k-4711" not in fault_of({**right, "both": "key"})


def test_values_that_are_right_and_no_secrets_are_known_of_a_connection_that_is_not() -> None:
    given = {"api_key": "k", "region": "eu", "pin": "12345", "both": "pin", "typo": "x"}

    assert configured(given).sound == {"region": "eu", "both": "pin"}
    assert configured({**given, "region": "mars"}).sound == {"both": "pin"}


@pytest.mark.parametrize(
    ("value", "said"), [("many", "a whole number"), ([], "a whole number"), (1.5, "a whole number")]
)
def test_python_s_words_are_not_said(value: object, said: str) -> None:
    fault = fault_of({"api_key": "k", "max_at_once": value})

    assert fault == f"max_at_once in trunkline.toml is not valid: it must be {said}."


def test_an_adapters_own_check_that_breaks_is_told_by_its_type() -> None:
    assert fault_of({"api_key": "k", "pin": "lookup"}) == (
        "Its adapter broke over the settings (LookupError)."
    )


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("key\n", "a blank or a line break at its beginning or end"),
        ("key\r\n", "a blank or a line break"),
        (" key", "a blank or a line break"),
        ("key\u00a0", "characters that are not ASCII"),
        ("schlüssel", "characters that are not ASCII"),
        ("\u200bkey", "characters that are not ASCII"),
        ("k\x00ey", "control characters"),
        ("k\ney", "control characters"),
        ("k\tey", "control characters"),
        ("k\x7fey", "control characters"),
    ],
)
def test_case_d4_a_secret_that_no_header_can_hold_is_refused_by_field_and_origin(
    key: str, why: str
) -> None:
    by_variable, by_file = fault_of({}, ACME_API_KEY=key), fault_of({"api_key": key})

    assert by_variable.startswith(f"api_key in ACME_API_KEY holds {why}")
    assert by_file.startswith(f"api_key in trunkline.toml holds {why}")


@pytest.mark.parametrize("key", ["k", "a b", "~!@#$%^&*()_+"])
def test_what_can_stand_in_a_header_is_taken(key: str) -> None:
    assert configured({"api_key": key}).fault is None


def test_a_field_that_says_so_holds_any_text() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"

    assert configured({"api_key": "k", "private_key": pem}).fault is None


def test_case_d11_settings_of_a_provider_that_no_plugin_may_offer_go_to_nobody() -> None:
    tables = {"acme": {"api_key": "k"}, "second": {"provider": "acme", "api_key": "k"}}
    environ = {"ACME_API_KEY": "k"}

    assert configure({}, tables, {"telephony": ["acme"]}, environ, lambda name, key: "") == []


def test_who_set_a_key_is_known_for_each() -> None:
    connection = configured({"region": "eu", "max_at_once": 2}, ACME_API_KEY="k")

    assert connection.origins == {
        "region": "trunkline.toml",
        "max_at_once": "trunkline.toml",
        "api_key": "ACME_API_KEY",
    }


def test_an_account_in_two_kinds_has_one_configuration_with_what_it_makes_up() -> None:
    spec = cast(AnySpec, SPEC)
    both = configure(
        {"telephony": {"acme": spec}, "email": {"acme": spec}},
        {"acme": {"api_key": "key"}},
        {},
        {},
        lambda name, key: "trunkline.toml",
    )

    assert [each.kind for each in both] == ["telephony", "email"]
    assert both[0].config is both[1].config is not None


def default_of(table: Mapping[str, object], **specs: str) -> str | None:
    """Return the connection of kind ``telephony`` that is taken where no slot names one."""
    providers: dict[str, AnySpec] = {
        name: replace(
            SPEC,
            name=name,
            config=Nothing,
            local=word == "local",
            simulated=word == "simulated",
        )
        for name, word in specs.items()
    }
    connections = configure(
        {"telephony": providers}, {name: {} for name in table}, {}, {}, lambda name, key: "file"
    )
    log = RecordingLog()
    opened = OpenProviders(FakeClock(), log, settles_s=1)
    return Connections(connections, {}, lambda name: pytest.fail("opened"), log, opened)._default(
        "telephony"
    )


@pytest.mark.parametrize(
    ("named", "taken"),
    [
        ([], "here"),
        (["acme"], "acme"),
        (["sham"], "here"),
        (["sham", "acme"], "acme"),
        (["acme", "other"], None),
    ],
)
def test_what_is_local_serves_unasked_where_nothing_that_was_chosen_does(
    named: list[str], taken: str | None
) -> None:
    specs = {"here": "local", "acme": "", "other": "", "sham": "simulated"}

    assert default_of(dict.fromkeys(named), **specs) == taken


def test_of_two_that_are_local_neither_is_taken_unasked() -> None:
    assert default_of({}, here="local", there="local") is None
