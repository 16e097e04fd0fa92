"""Every setting of the hub, by section: its name, its type, its default and what it is for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, PrivateAttr, create_model, model_validator

from trunkline.sdk import KINDS, Kind
from trunkline.settings.alerts import AlertsSettings
from trunkline.settings.authority import LimitsSettings
from trunkline.settings.money import MoneySettings, Prices
from trunkline.settings.provisioning import PoolSettings, ProvisioningSettings
from trunkline.settings.rules import ApprovalsSettings, RulesSettings
from trunkline.settings.section import Section as _Section
from trunkline.settings.values import (
    AbsolutePath,
    CallbackUrl,
    DatabaseUrl,
    EncryptionKeys,
    Hosts,
    HttpUrl,
    Names,
    Networks,
    Origins,
    Token,
    TomlScalar,
)

Table = dict[str, TomlScalar | list[str]]
"""A connection's keys, which its adapter defines."""

_CONNECTION_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def _default_data_dir(values: Mapping[str, object]) -> Path:
    from platformdirs import user_data_dir

    name = "trunkline-demo" if values.get("demo") else "trunkline"
    return Path(user_data_dir(name, appauthor=False))


class ServerSettings(_Section):
    """Where the hub listens and what it is called from outside."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=3100, ge=0, le=65535, description="Port to listen on; 0 takes one that is free."
    )
    public_url: HttpUrl | None = Field(
        default=None,
        description="The URL under which providers reach the hub: callbacks are built from it and "
        "signatures are checked against it. Default: http://HOST:PORT.",
    )
    demo: bool = Field(
        default=False, description="Serve the simulated network's pages to loopback callers."
    )
    data_dir: AbsolutePath = Field(
        default_factory=_default_data_dir,
        description="Directory of the hub's own files. A relative one in the file starts at the "
        "file's folder. Default: the user's data directory, with one of its own for the demo.",
    )
    allowed_hosts: Hosts = Field(
        default=(), description="Host names to answer to besides the public URL's and loopback."
    )
    allowed_origins: Origins = Field(
        default=(),
        description="Web origins that may call and are answered as CORS has it, such as "
        "https://app.example.com; besides the public URL's, whose own pages need no CORS.",
    )

    trusted_proxies: Networks = Field(
        default=(),
        description="Addresses or networks of the proxies in front, whose X-Forwarded-For says "
        "where a request came from. Without it every caller behind one has the proxy's address.",
    )
    legacy_sse: bool = Field(
        default=False,
        description="Serve the old HTTP+SSE transport of MCP at /sse too, for clients that know "
        "nothing newer.",
    )


class DatabaseSettings(_Section):
    """Where the data is kept."""

    url: DatabaseUrl = Field(
        default="sqlite:///trunkline.db",
        repr=False,
        description="The database; its scheme chooses the plugin. A relative SQLite path starts at "
        "the data directory.",
    )


class PluginsSettings(_Section):
    """Which installed plugins are used."""

    disabled: Names = Field(default=(), description="Plugins that are not even imported.")
    required: Names = Field(default=(), description="Plugins without which the hub does not start.")


class _Slots(_Section):
    """The default connection of each kind."""

    def by_kind(self) -> dict[str, tuple[str, ...]]:
        """Return the connections of each kind."""
        return {kind: getattr(self, kind) for kind in KINDS}


def _slot(kind: Kind) -> Any:
    told = "Of several, each next one stands in for those before it."
    return Names, Field(default=(), description=f"The connection for {kind.noun}. {told}")


if TYPE_CHECKING:
    SlotsSettings = _Slots
else:  # a key for each kind
    SlotsSettings = create_model(
        "SlotsSettings",
        __base__=_Slots,
        __doc__=_Slots.__doc__,
        __module__=__name__,
        **{name: _slot(kind) for name, kind in KINDS.items()},
    )


class PrivacySettings(_Section):
    """How long content is held."""

    hold_hours: int = Field(
        default=72,
        ge=1,
        le=8760,
        description="Hours after which a body that nobody acknowledged, or whose outcome nobody "
        "reported, is destroyed.",
    )
    detail_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days after which the attempts and the history of a message that is over, and "
        "where an event came from, are forgotten.",
    )
    usage_days: int = Field(
        default=400,
        ge=31,
        le=3650,
        description="Days after which what a single act cost is forgotten; the totals stay.",
    )


class MessagesSettings(_Section):
    """How messages are sent and forwarded."""

    duplicate_window_s: int = Field(
        default=120,
        ge=0,
        le=86_400,
        description="Seconds in which the same text to the same recipient, sent without an "
        "idempotency key, counts as a repetition; 0 turns that off.",
    )
    valid_for_s: int = Field(
        default=14_400,
        ge=1,
        le=172_800,
        description="Seconds for which a message is tried, unless its sender says otherwise.",
    )
    final_within_s: int = Field(
        default=1800,
        ge=60,
        description="Seconds after which a message that nobody reported on is looked up, and then "
        "flagged.",
    )
    provider_timeout_s: float = Field(
        default=30,
        gt=0,
        le=240,  # so that no attempt is under way for ten minutes, after which the doctor worries
        allow_inf_nan=False,
        description="Seconds a provider has for an answer, 240 at most.",
    )
    plus_address_domains: tuple[str, ...] = Field(
        default=(),
        description="Domains of agents' e-mail addresses whose mailboxes take every name+anything: "
        "answers go to such an address, and find their thread although some mail programs do not "
        "say what they answer. Elsewhere answers to it would come back.",
    )
    callback_url: CallbackUrl | None = Field(
        default=None,
        description="Where every agent that has no callback URL of its own hears of what came in, "
        "and of what failed; may hold {agentId}.",
    )
    callback_allow: Origins = Field(
        default=(),
        description="Origins, such as http://127.0.0.1:9000, that callback URLs may lead to "
        "besides https on the internet.",
    )


class VoiceSettings(_Section):
    """How texts are spoken."""

    reuse_hours: int = Field(
        default=24,
        ge=0,
        le=720,
        description="Hours for which what was spoken serves when the same text is spoken again, by "
        "the same agent; it is kept encrypted for so long. 0 turns that off.",
    )
    record_notice: str = Field(
        default="Please answer after the tone. Your answer will be recorded.",
        min_length=1,
        max_length=500,
        description="What a person hears before what they say is recorded. The law asks for it in "
        "many places.",
    )


class AgentsSettings(_Section):
    """What holds for agents that say nothing else."""

    mode: Literal["live", "simulated"] = Field(
        default="live",
        description="Of agents without a mode of their own (`trunkline agents mode`): `simulated` "
        "ones act by the same rules, and nothing of theirs leaves the hub.",
    )
    hold: Names = Field(
        default=(),
        description="What of agents without a setting of their own (`agents set ID hold=…`) a "
        "person looks at before it goes: `all`, `first_contact`, `over:0.50`, `class:marketing`, "
        "`domain:example.com`, `other_domains:example.com`.",
    )


class Settings(_Section):
    """All settings, checked. Secrets come from the environment only and are masked when printed."""

    server: ServerSettings = Field(default_factory=lambda: ServerSettings())  # noqa: PLW0108 - mypy
    database: DatabaseSettings = DatabaseSettings()
    plugins: PluginsSettings = PluginsSettings()
    slots: SlotsSettings = SlotsSettings()
    providers: dict[str, Table] = Field(
        default={},
        repr=False,
        description="[providers.NAME]: the connection NAME to the provider NAME, with the keys "
        "that its adapter documents. The hub itself reads `max_at_once`, how many calls one hub "
        "has under way (64), and `max_per_second`, how many all hubs together begin (no limit).",
    )
    connections: dict[str, Table] = Field(
        default={},
        repr=False,
        description="[connections.NAME]: a further account, with `provider` and that provider's "
        "keys.",
    )
    privacy: PrivacySettings = PrivacySettings()
    messages: MessagesSettings = MessagesSettings()
    voice: VoiceSettings = VoiceSettings()
    agents: AgentsSettings = AgentsSettings()
    approvals: ApprovalsSettings = ApprovalsSettings()
    pool: PoolSettings = PoolSettings()
    provisioning: ProvisioningSettings = ProvisioningSettings()
    limits: LimitsSettings = LimitsSettings()
    money: MoneySettings = MoneySettings()
    prices: dict[str, Prices] = Field(
        default={},
        description="[prices.NAME]: what the connection NAME charges, in place of what its adapter "
        "knows: `currency`, `sms_segment`, `mms_message` and `call_minute` as one amount or by "
        'country (`{US = 0.0079, "*" = 0.05}`), `tts_thousand_characters`, `stt_minute`, '
        "`storage_gigabyte_month`. In another currency than its adapter's they stand alone.",
    )
    rules: RulesSettings = RulesSettings()
    filters: dict[str, Table] = Field(
        default={},
        description="[filters.NAME]: the keys that the compliance filter NAME documents.",
    )
    alerts: AlertsSettings = AlertsSettings()
    sinks: dict[str, Table] = Field(
        default={},
        repr=False,
        description="[sinks.NAME]: the keys that the alert sink NAME documents, and its own "
        "`min_severity`.",
    )
    admin_tokens: tuple[Token, ...] = Field(
        default=(), description="Tokens accepted as an admin's, of at least 32 characters."
    )
    encryption_keys: EncryptionKeys = Field(
        default=(),
        description="Master key of 32 bytes, as base64 or hexadecimal. While it is rotated, "
        "several separated by commas, the newest first. Default: the one in the data directory.",
    )
    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Mapping[str, str] | None, /) -> None:
        """Take the origins of the values, by dotted key, from the validation's context."""
        self._origins = context or {}

    @model_validator(mode="after")
    def _check_connections(self) -> "Settings":
        for name in (*self.providers, *self.connections):
            if not _CONNECTION_NAME.fullmatch(name):
                raise ValueError(
                    f"the connection name {name!r} must begin with a letter and have at most 64 "
                    "letters, digits, dots, dashes and underscores"
                )
        for name, table in self.connections.items():
            if not isinstance(table.get("provider"), str):
                raise ValueError(  # noqa: TRY004 - pydantic collects value errors
                    f'[connections.{name}] must name its provider: provider = "…"'
                )
            if name in self.providers:
                raise ValueError(
                    f"[providers.{name}] and [connections.{name}] are one connection: rename one"
                )
        return self

    @property
    def public_url(self) -> str:
        """The URL under which the hub is reached, without a slash at its end."""
        if self.server.public_url is not None:
            return self.server.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.server.host, self.server.host)  # noqa: S104 - nobody can call "any address"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server.port}"

    @property
    def connection_tables(self) -> dict[str, Table]:
        """Every configured connection; one without ``provider`` is of the provider of its name."""
        return {**self.providers, **self.connections}

    def origin_of(self, key: str) -> str:
        """
        Tell who set a dotted key such as ``server.port``.

        Returns:
            ``default``, the file's name, the environment variable, or ``command line``.
        """
        return self._origins.get(key, "default")

    def origin_in_table(self, connection: str, key: str) -> str:
        """Tell who set a key of a connection's table, as `origin_of` does."""
        section = "providers" if connection in self.providers else "connections"
        return self.origin_of(f"{section}.{connection}.{key}")
