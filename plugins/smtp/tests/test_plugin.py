"""The installed plugin, as the hub finds it, and what an operator fills in."""

import subprocess
import sys
from importlib.metadata import Distribution

import pytest
from pydantic import ValidationError

from trunkline.loading import PluginState, load_plugins
from trunkline.sdk import FailureKind
from trunkline_smtp.config import IMAP_PORTS, SMTP_PORTS, Security, SmtpConfig
from trunkline_smtp.failures import COMPLAINED, FAILURES
from trunkline_smtp.plugin import SMTP

CONFIG = {"host": "mail.example.com", "user": "secret-user", "password": "secret-word"}
IMAP = {**CONFIG, "imap_host": "imap.example.com"}


def test_the_hub_loads_the_plugin_and_knows_what_it_can_do() -> None:
    dist = Distribution.from_name("trunkline-smtp")

    plugins = load_plugins(distributions=[dist], required=["smtp"])

    assert plugins.providers["email"] == {"smtp": SMTP}
    (report,) = plugins.reports
    assert (report.state, report.kinds) == (PluginState.LOADED, ("email",))
    assert SMTP.idempotency is None


def test_neither_client_is_imported_before_an_account_is_opened() -> None:
    asked = (
        "import sys, trunkline_smtp.plugin; print({'aiosmtplib', 'imap_tools'} & {*sys.modules})"
    )

    found = subprocess.check_output([sys.executable, "-c", asked], text=True)

    assert found == "set()\n"


def test_each_setting_names_the_variable_that_fills_it() -> None:
    properties = SMTP.config.model_json_schema()["properties"]

    named = {name: field["env"] for name, field in properties.items() if "env" in field}
    assert named == {
        name: f"SMTP_{name.upper()}"
        for name in (
            "host",
            "port",
            "user",
            "password",
            "security",
            "imap_host",
            "imap_port",
            "imap_user",
            "imap_password",
            "imap_security",
        )
    }


@pytest.mark.parametrize(
    ("security", "smtp", "imap"), [("starttls", 587, 143), ("tls", 465, 993), ("none", 25, 143)]
)
def test_a_port_that_is_not_given_is_the_one_of_the_encryption(
    security: str, smtp: int, imap: int
) -> None:
    # RFC 8314 §3, RFC 6409 §3.1, RFC 5321 §4.5.4.2 and RFC 9051 §2.1.
    assert SMTP_PORTS[Security(security)] == smtp
    assert IMAP_PORTS[Security(security)] == imap


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, ""),
        ({"user": "hub@example.com"}, "hub@example.com"),
        ({"user": "smtp@example.com", "imap_user": "hub@example.com"}, "hub@example.com"),
        ({"user": "smtp@example.com", "address": "own@example.com"}, "own@example.com"),
        ({"user": "smtp@example.com", "imap_user": "box"}, ""),
    ],
)
def test_whom_mails_are_for_is_told_by_the_settings(settings: dict[str, str], address: str) -> None:
    passwords = {f"{name[:-4]}password": "x" for name in settings if name.endswith("user")}
    config = SmtpConfig.model_validate({"host": "mail.example.com", **settings, **passwords})

    assert config.own_address == address


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_only_a_server_on_this_machine_may_do_without_encryption(host: str) -> None:
    plain = {"host": host, "security": "none"}
    assert SmtpConfig.model_validate(plain).host == host
    both = {**plain, **CONFIG, "host": host, "imap_host": host, "imap_security": "none"}
    assert SmtpConfig.model_validate(both).imap_host == host


@pytest.mark.parametrize(
    "wrong",
    [
        {**CONFIG, "security": "none"},
        {**CONFIG, "security": "none", "host": "127.0.0.1.example.com"},
        {**CONFIG, "security": "none", "host": "10.0.0.1"},
        {**IMAP, "imap_security": "none"},
        {**CONFIG, "security": "secret-way"},
        {**CONFIG, "host": "secret host"},
        {**CONFIG, "host": "secret\r\nhost"},
        {**CONFIG, "port": 0},
        {**CONFIG, "port": 65536},
        {**CONFIG, "password": ""},
        {**CONFIG, "user": "secret\r\nuser"},
        {**CONFIG, "mailbox": "secret\r\nbox"},
        {**CONFIG, "user": None},
        {"host": "mail.example.com", "password": "secret-word"},
        {"host": "mail.example.com", "imap_host": "imap.example.com"},
        {**IMAP, "imap_user": "secret-user"},
        {**IMAP, "imap_password": "secret-word"},
        {**CONFIG, "max_attachments_mb": 0},
        {**CONFIG, "max_attachments_mb": 101},
        {**CONFIG, "max_received_mb": 0},
        {**CONFIG, "max_received_mb": 201},
        {**CONFIG, "address": "secret"},
        {**CONFIG, "address": "secret @example.com"},
        {**CONFIG, "trusted_hosts": ["secret host"]},
        {**CONFIG, "pasword": "secret-word"},
        {},
    ],
)
def test_a_config_that_cannot_work_is_refused_without_quoting_it(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        SmtpConfig.model_validate(wrong)

    assert "secret" not in str(caught.value)


KINDS = {
    FailureKind.UNREACHABLE: (
        "5.1.0 5.1.1 5.1.2 5.1.3 5.1.4 5.1.6 5.1.10 5.2.0 5.2.1 5.2.4 5.4.4 550 551 553"
    ),
    FailureKind.TEMPORARY: "5.2.2 5.3.2 5.4.1 5.4.5 5.4.7 5.7.28",
    FailureKind.REFUSED: "5.2.3 5.3.4 5.5.3 5.6.0 5.6.1 5.6.7 5.7.0 5.7.1 5.7.2 552 554",
    FailureKind.NOT_SET_UP: (
        "5.1.7 5.1.8 5.7.8 5.7.9 5.7.20 5.7.21 5.7.22 5.7.23 5.7.24 5.7.25 5.7.26 5.7.27 "
        "530 534 535"
    ),
    FailureKind.UNEXPLAINED: "5.0.0 5.3.0 5.4.0 5.4.6 5.5.0 5.5.2 5.5.4",
    FailureKind.OPTED_OUT: COMPLAINED,
}


@pytest.mark.parametrize("kind", KINDS)
def test_only_these_codes_close_an_address_or_ask_for_an_operator(kind: FailureKind) -> None:
    told = {code for code, each in FAILURES.items() if each.kind is kind and code[:2] != "4."}

    assert told == set(KINDS[kind].split())


def test_what_fails_for_now_fails_for_the_same_reasons_and_closes_nothing() -> None:
    for_now = {code: each for code, each in FAILURES.items() if code[:2] == "4."}

    assert {each.kind for each in for_now.values()} == {FailureKind.TEMPORARY}
    assert {f"5{code[1:]}" for code in for_now} == {code for code in FAILURES if code[:2] == "5."}
    assert all(FAILURES[f"5{code[1:]}"].sentence == for_now[code].sentence for code in for_now)


def test_every_failure_has_a_sentence() -> None:
    assert all(each.sentence.endswith(".") for each in FAILURES.values())
