"""`trunkline config show`: what is in force, where it comes from, and no secret."""

import re

from tests.cli.commands import Shell

TOKEN = "correct-horse-battery-staple-2026"
KEY = bytes(range(0, 256, 8)).hex()


def shown(shell: Shell, **environ: str) -> dict[str, tuple[str, str]]:
    done = shell.run("config", "show", **environ)
    assert done.returncode == 0, done.stderr
    rows = (re.split(r" {2,}", line) for line in done.stdout.splitlines())
    return {key: (value, origin) for key, value, origin in rows}


def test_every_setting_is_shown_with_its_value_and_its_origin(shell: Shell) -> None:
    (shell.folder / "trunkline.toml").write_text(
        '[server]\nport = 3200\ndemo = true\n[slots]\ntelephony = ["acme", "demo"]\n'
    )

    rows = shown(shell, INITIAL_AGENT_POOL_SIZE="9", TRUNKLINE_DATA_DIR="/srv/hub")

    assert rows["server.host"] == ("127.0.0.1", "default")
    assert rows["server.port"] == ("3200", "trunkline.toml")
    assert rows["server.demo"] == ("true", "trunkline.toml")
    assert rows["server.public_url"] == ("http://127.0.0.1:3200", "default")
    assert rows["server.data_dir"] == ("/srv/hub", "TRUNKLINE_DATA_DIR")
    assert rows["slots.telephony"] == ("acme, demo", "trunkline.toml")
    assert rows["pool.size"] == ("9", "INITIAL_AGENT_POOL_SIZE")
    assert rows["plugins.disabled"] == ("-", "default")
    assert rows["admin_tokens"] == ("-", "default")


def test_an_option_is_an_origin_too(shell: Shell) -> None:
    done = shell.run("config", "show", "--data-dir", "mine")

    assert re.search(rf"server\.data_dir +{shell.folder}/mine +command line\n", done.stdout)


def test_no_secret_is_shown(shell: Shell) -> None:
    (shell.folder / "trunkline.toml").write_text(
        '[providers.twilio]\naccount_sid = "hunter2"\nbase_url = "https://vendor.example"\n'
        '[connections.acme]\nprovider = "twilio"\npin = 4711\n'
        '[database]\nurl = "postgresql://hub:hunter2@db/x?password=hunter2"\n'
    )

    environ = {"ADMIN_TOKEN": TOKEN, "CREDENTIALS_ENCRYPTION_KEY": KEY}
    rows = shown(shell, **environ)

    assert rows["admin_tokens"] == ("********", "ADMIN_TOKEN")
    assert rows["encryption_keys"] == ("********", "CREDENTIALS_ENCRYPTION_KEY")
    assert rows["database.url"] == ("postgresql://********@db/x?********", "trunkline.toml")
    assert rows["providers.twilio.account_sid"] == ("********", "trunkline.toml")
    assert rows["providers.twilio.base_url"] == ("https://vendor.example", "trunkline.toml")
    assert rows["connections.acme.provider"] == ("twilio", "trunkline.toml")
    assert rows["connections.acme.pin"] == ("********", "trunkline.toml")
    everything = str(rows)
    assert not [secret for secret in (TOKEN, "hunter2", "4711", KEY) if secret in everything]


def test_case_d7_every_field_of_a_connection_is_shown_with_its_source(shell: Shell) -> None:
    (shell.folder / "trunkline.toml").write_text(
        '[slots]\ntelephony = "example"\n'
        '[providers.example]\napi_key = "hunter1"\nmax_at_once = 3\n'
    )

    rows = shown(shell, EXAMPLE_SIGNING_SECRET="hunter2")

    assert rows["providers.example.api_key"] == ("********", "trunkline.toml")
    assert rows["providers.example.signing_secret"] == ("********", "EXAMPLE_SIGNING_SECRET")
    assert rows["providers.example.base_url"] == ("https://api.postbird.example", "default")
    assert rows["providers.example.max_at_once"] == ("3", "trunkline.toml")
    assert "hunter" not in str(rows)


def test_case_d7_what_is_wrong_with_a_connection_is_told_beside_it(shell: Shell) -> None:
    (shell.folder / "trunkline.toml").write_text('[providers.example]\napi_ky = "hunter1"\n')

    done = shell.run("config", "show")

    assert "api_ky in trunkline.toml is unknown; the nearest known key is api_key" in done.stderr
    assert "EXAMPLE_API_KEY" in done.stderr
    assert "hunter1" not in done.stdout + done.stderr


def test_a_wrong_setting_is_a_sentence_and_exit_code_78(shell: Shell) -> None:
    refused = shell.run("config", "show", PORT="http")

    assert refused.returncode == 78
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: PORT: it must be a whole number")
    assert "Traceback" not in refused.stderr


def test_a_named_file_that_is_missing_is_exit_code_78(shell: Shell) -> None:
    refused = shell.run("config", "show", "--config", "other.toml")

    assert (refused.returncode, refused.stderr) == (
        78,
        "Error: other.toml cannot be read: No such file or directory.\n",
    )


def test_one_bad_key_hides_no_other_and_is_told_in_the_adapters_words(shell: Shell) -> None:
    (shell.folder / "trunkline.toml").write_text(
        '[providers.smtp]\nhost = "smtp.example.com"\nsecurity = "none"\n'
        'user = "ava"\npassword = "hunter2"\n'
    )

    done = shell.run("config", "show")
    rows = dict(re.split(r" {2,}", line)[:2] for line in done.stdout.splitlines())

    assert rows["providers.smtp.host"] == "smtp.example.com"
    assert rows["providers.smtp.password"] == "********"
    assert "security none is for this machine only" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
