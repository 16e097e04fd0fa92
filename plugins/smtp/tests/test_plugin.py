"""The installed plugin, as the hub finds it, and what an operator fills in."""

import subprocess
import sys
from importlib.metadata import Distribution

import pytest
from pydantic import ValidationError

from trunkline.loading import PluginState, load_plugins
from trunkline_smtp.config import SmtpConfig
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
        {**CONFIG, "max_received_mb": 201},
        {**CONFIG, "pasword": "secret-word"},
        {},
    ],
)
def test_a_config_that_cannot_work_is_refused_without_quoting_it(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        SmtpConfig.model_validate(wrong)

    assert "secret" not in str(caught.value)


def test_every_code_of_a_failure_has_a_sentence() -> None:
    assert {"5.1.1", "4.2.2", "5.7.1", "550", COMPLAINED} <= FAILURES.keys()
    assert all(each.sentence.endswith(".") for each in FAILURES.values())
