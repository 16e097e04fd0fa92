"""Where settings come from, who wins, and what a person is told about an unknown one."""

from pathlib import Path

import pytest

from tests.settings.given import load, refusal
from trunkline.sdk import NotConfigured
from trunkline.settings import SettingsError, load_settings


def test_without_a_file_or_a_variable_every_setting_has_its_default() -> None:
    settings = load()

    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 3100)
    assert settings.public_url == "http://127.0.0.1:3100"
    assert settings.database.url == "sqlite:///trunkline.db"
    assert settings.slots.by_kind()["telephony"] == ()
    assert settings.connection_tables == {}
    assert settings.privacy.hold_hours == 72
    assert settings.messages.duplicate_window_s == 120
    assert settings.messages.provider_timeout_s == 30
    assert settings.pool.size == 5
    assert settings.admin_tokens == ()
    assert settings.encryption_keys == ()
    assert settings.origin_of("server.port") == "default"


def test_each_source_wins_over_the_one_before_it_and_is_named() -> None:
    text = "[server]\nport = 1\n"
    long = {"TRUNKLINE_SERVER__PORT": "2"}
    short = {**long, "PORT": "3"}
    steps = [
        (load(text), 1, "trunkline.toml"),
        (load(text, long), 2, "TRUNKLINE_SERVER__PORT"),
        (load(text, short), 3, "PORT"),
        (load(text, short, {"server": {"port": 4}}), 4, "command line"),
    ]

    assert [(s.server.port, s.origin_of("server.port")) for s, _, _ in steps] == [
        (port, origin) for _, port, origin in steps
    ]


def test_an_option_that_was_not_given_overrules_nothing() -> None:
    settings = load("[server]\nport = 3200\n", overrides={"server": {"port": None}})

    assert settings.server.port == 3200
    assert settings.origin_of("server.port") == "trunkline.toml"


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("PORT", "3200", "server.port"),
        ("WEBHOOK_BASE_URL", "https://comms.example.com", "server.public_url"),
        ("DEMO_MODE", "true", "server.demo"),
        ("PROVIDER_DATABASE", "postgresql://db/x", "database.url"),
        ("PROVIDER_TELEPHONY", "acme,demo", "slots.telephony"),
        ("PROVIDER_EMAIL", "acme", "slots.email"),
        ("PROVIDER_WHATSAPP", "acme", "slots.whatsapp"),
        ("PROVIDER_TTS", "acme,demo", "slots.tts"),
        ("PROVIDER_STORAGE", "acme", "slots.storage"),
        ("INITIAL_AGENT_POOL_SIZE", "9", "pool.size"),
    ],
)
def test_a_short_name_sets_its_key(variable: str, value: str, key: str) -> None:
    section, name = key.split(".")
    set_by_short = load(environ={variable: value})
    set_by_long = load(environ={f"TRUNKLINE_{section}__{name}".upper(): value})

    assert getattr(set_by_short, section) == getattr(set_by_long, section)
    assert getattr(set_by_short, section) != getattr(load(), section)
    assert set_by_short.origin_of(key) == variable


def test_a_list_is_an_array_in_the_file_and_commas_in_the_environment() -> None:
    in_file = load('[slots]\ntelephony = ["acme", "demo"]\n')
    one = load('[slots]\ntelephony = "acme"\n')
    variable = load(environ={"TRUNKLINE_SLOTS__TELEPHONY": "acme, demo"})

    assert in_file.slots.by_kind() == variable.slots.by_kind()
    assert in_file.slots.by_kind()["telephony"] == ("acme", "demo")
    assert one.slots.by_kind()["telephony"] == ("acme",)


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = load("[server]\nport = 3200\n", {"PORT": "", "ADMIN_TOKEN": ""})

    assert settings.server.port == 3200
    assert settings.admin_tokens == ()


def test_variables_of_others_are_none_of_our_business() -> None:
    load(environ={"ELEVENLABS_API_KEY": "x", "TRUNKLINE_TOKEN": "tl_agent_x", "PATH": "/bin"})


# --- connections ----------------------------------------------------------------------------------


def test_the_keys_of_a_connection_are_its_adapters_and_the_environment_adds_to_them() -> None:
    settings = load(
        '[providers.twilio]\naccount_sid = "AC1"\nretries = 3\n'
        '[connections.Acme]\nprovider = "twilio"\n[providers.demo]\n',
        {
            "TRUNKLINE_PROVIDERS__TWILIO__AUTH_TOKEN": "s3cret",
            "TRUNKLINE_CONNECTIONS__ACME__AUTH_TOKEN": "other",
        },
    )

    assert settings.connection_tables == {
        "twilio": {"account_sid": "AC1", "retries": 3, "auth_token": "s3cret"},
        "Acme": {"provider": "twilio", "auth_token": "other"},
        "demo": {},
    }
    assert settings.origin_of("providers.twilio.account_sid") == "trunkline.toml"
    assert (
        settings.origin_of("connections.Acme.auth_token")
        == "TRUNKLINE_CONNECTIONS__ACME__AUTH_TOKEN"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[connections.acme]\nsid = "AC1"\n', "[connections.acme] must name its provider"),
        ('[providers."a b"]\nx = 1\n', "connection name 'a b'"),
        (
            '[providers.acme]\nx = 1\n[connections.acme]\nprovider = "twilio"\n',
            "[providers.acme] and [connections.acme] are one connection",
        ),
        ("[providers.twilio]\nauth_token = [1]\n", "trunkline.toml: providers.twilio.auth_token"),
    ],
)
def test_a_connection_that_cannot_be_is_refused(text: str, sentence: str) -> None:
    told = refusal(text)

    assert sentence in told
    assert len(told.splitlines()) == 1


# --- what is unknown ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\nprot = 1\n", "server.prot is unknown; the nearest known key is server.port."),
        ("[sever]\nport = 1\n", "sever.port is unknown; the nearest known key is server.port."),
        ("port = 1\n", "port is unknown; the nearest known key is server.port."),
        ("server = 1\n", "server is unknown; the nearest known key is server."),
        ("[provider.x]\nsid = 1\n", "the nearest known key is providers.NAME.KEY."),
        ("[providers]\ntwilio = 1\n", "the nearest known key is providers.NAME.KEY."),
        ("[admin_tokens]\nx = 1\n", "admin_tokens.x is unknown"),
        ('encryption_key = "00"\n', "encryption_key is unknown"),
    ],
)
def test_an_unknown_key_in_the_file_is_refused_with_the_nearest_one(
    text: str, sentence: str
) -> None:
    told = refusal(text)

    assert told.startswith("trunkline.toml: ")
    assert sentence in told


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("TRUNKLINE_SERVER__PROT", "TRUNKLINE_SERVER__PORT"),
        ("TRUNKLINE_SEVER__PORT", "TRUNKLINE_SERVER__PORT"),
        ("TRUNKLINE_SERVER__PORT__X", "TRUNKLINE_SERVER__PORT"),
        ("TRUNKLINE_PROVIDERS__TWILIO", "TRUNKLINE_PROVIDERS__NAME__KEY"),
        ("TRUNKLINE_ADMIN_TOKENS__X", "TRUNKLINE_"),
    ],
)
def test_an_unknown_variable_of_ours_is_refused_with_the_nearest_one(
    variable: str, nearest: str
) -> None:
    told = refusal(environ={variable: "1"})

    assert told.startswith(f"{variable} sets nothing; the nearest known variable is {nearest}")


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["[server\n", "a = \xff"])
def test_a_file_that_is_not_toml_is_refused_by_its_name(text: str, folder: Path) -> None:
    (folder / "trunkline.toml").write_bytes(text.encode("latin-1"))

    assert refusal().startswith("trunkline.toml is not valid TOML")


def test_a_named_file_must_exist(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"other\.toml cannot be read: No such file"):
        load_settings(config=folder / "other.toml", data_dir=None, environ={})
    assert "other.toml" in refusal(environ={"TRUNKLINE_CONFIG": "other.toml"})


def test_trunkline_config_names_the_file_and_the_option_wins_over_it(folder: Path) -> None:
    (folder / "a.toml").write_text("[server]\nport = 1\n")
    (folder / "b.toml").write_text("[server]\nport = 2\n")
    environ = {"TRUNKLINE_CONFIG": "a.toml"}

    by_variable = load(environ=environ)
    by_option = load_settings(config=Path("b.toml"), data_dir=None, environ=environ)

    assert (by_variable.server.port, by_option.server.port) == (1, 2)
    assert by_variable.origin_of("server.port") == "a.toml"


def test_a_relative_data_dir_starts_at_the_files_folder_or_where_the_person_stands(
    folder: Path,
) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/hub.toml").write_text('[server]\ndata_dir = "data"\n')

    def data_dir(environ: dict[str, str], option: Path | None = None) -> Path:
        settings = load_settings(config=Path("etc/hub.toml"), data_dir=option, environ=environ)
        return settings.server.data_dir

    assert data_dir({}) == folder / "etc/data"
    assert data_dir({"TRUNKLINE_DATA_DIR": "data"}) == folder / "data"
    assert data_dir({"TRUNKLINE_DATA_DIR": "data"}, Path("mine")) == folder / "mine"
    assert data_dir({"TRUNKLINE_DATA_DIR": "~/hub"}) == Path.home() / "hub"


def test_the_demo_has_a_data_directory_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")

    assert load().server.data_dir.name == "trunkline"
    assert load(environ={"DEMO_MODE": "1"}).server.data_dir.name == "trunkline-demo"


def test_a_settings_error_is_a_configuration_error_to_whoever_catches_those() -> None:
    assert issubclass(SettingsError, NotConfigured)
