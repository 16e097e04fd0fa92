"""What registration hooks return: providers and sites, and what the hub lends them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import httpx2
from pydantic import BaseModel

from trunkline.sdk.capability import Idempotency
from trunkline.sdk.clock import Clock
from trunkline.sdk.failures import Failure
from trunkline.sdk.ids import IdSource
from trunkline.sdk.money import PriceList
from trunkline.sdk.webhooks import WebhookAdapter, WebhookReply, WebhookRequest

P = TypeVar("P")
C = TypeVar("C", bound=BaseModel)


class EventLog(Protocol):
    """A structured log: a constant event name such as ``sms.accepted``, and facts as keywords."""

    def info(self, event: str, **facts: object) -> None:
        """Tell something ordinary."""

    def warning(self, event: str, **facts: object) -> None:
        """Tell something an operator may want to look at."""

    def error(self, event: str, **facts: object) -> None:
        """Tell something an operator must look at."""


class CallbackUrl(Protocol):
    """Builds the absolute URL that a vendor must call, from the hub's public address."""

    def __call__(self, kind: str, agent_id: str, attempt_id: str | None = None) -> str:
        """
        Return the URL for an agent and a `CallbackKind` or channel.

        With `attempt_id` a call to it proves that send.
        """


class Secrets(Protocol):
    """
    What an open provider keeps between its calls and across restarts, such as a refreshed token.

    It is stored encrypted, for this connection alone. Every hub of a database reads the same, and
    what another one has put is read at once: read it anew when the vendor refuses what you have.
    """

    async def get(self, name: str) -> str | None:
        """Return what was put under a name; None if nothing was, or it cannot be read any more."""
        ...

    async def put(self, name: str, value: str) -> None:
        """
        Keep a value under a name, in place of the one before; it is stored when this returns.

        A name has up to 64 lower-case letters, digits, dots, dashes and underscores; a value has
        64 KiB at most. It is forgotten when the connection is removed, not when its credentials
        change.

        Raises:
            ValueError: The name or the value is none that can be kept.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext:
    """
    What the hub lends to an open provider. There is no database and no settings in it.

    Attributes:
        connection: The name of the connection being opened.
        http: A client with the hub's time-outs; close nothing, it is shared.
        clock, ids: Time and identifiers; use them instead of the standard library's.
        log: The hub's structured log. Never hand it a number, an address, a body or a secret.
        callback_url: Builds the URLs that the vendor must call.
        data_dir: Returns a directory of this connection's own, made when it is first asked for.
        deliver: Hands a webhook request to the hub as if it had come over HTTP, and returns its
            answer. For simulated networks.
        secrets: What this connection's provider keeps, encrypted.
        is_agents: Tells of a channel and an address whether that is an agent's whom a simulated
            network serves. For such networks.
    """

    connection: str
    http: httpx2.AsyncClient
    clock: Clock
    ids: IdSource
    log: EventLog
    callback_url: CallbackUrl
    data_dir: Callable[[], Path]
    deliver: Callable[[WebhookRequest], Awaitable[WebhookReply]]
    secrets: Secrets
    is_agents: Callable[[str, str], Awaitable[bool]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec(Generic[P, C]):
    """
    One provider an adapter offers. Cheap to build: nothing is opened and nothing is imported.

    Attributes:
        name: Stable id stored in the database, such as ``twilio``: lower-case letters and digits,
            with single dashes or underscores between them. Never renamed.
        config: Pydantic model of one connection. `SecretStr` fields are redacted everywhere. A
            field may name the environment variable that fills it, one that begins with the
            provider's own name: ``Field(json_schema_extra={"env": "TWILIO_AUTH_TOKEN"})``.
            A `SecretStr` must be able to stand in an HTTP header, or it is refused when it is read;
            one that holds other text, such as a private key, says ``{"multiline": True}``.
        open: From a config and a context, an async context manager that yields the provider. It is
            entered once, at the connection's first use, and left when the hub stops.
        capabilities: What the provider can do: members of `Capability`, or what its `Kind` knows.
        idempotency: How the provider drops a second send with the same key, or None if it does not:
            then a lost answer is looked up, by whatever look-up the capabilities declare.
        accept_latency_s: For how many seconds after a send was over the provider may still take
            it: for so long "no such message" in a look-up proves nothing.
        lookup_lag_s: For how many seconds a message that the provider has may be missing in its
            look-ups now and then, as on its way from a queue into a journal. Then only two look-ups
            that far apart prove that it has none.
        most_characters: The longest body that the provider takes, or the longest text that it
            speaks, in characters; None where the hub's own limit holds.
        most_media_bytes: The most bytes of media that the provider takes in one message; None where
            the hub's own limit holds.
        failures: What the provider's error codes mean, by code.
        webhook: Verifies and parses the provider's callbacks, or None if it has none.
        prices: Default prices for estimates.
        simulated: True for a network that reaches nobody: demo numbers are allowed only there.
        local: True for one that needs no setting, and nothing beyond the hub's own machine: it is a
            connection without being named, and serves where none that was chosen does.
        warning: A sentence that an operator should read at every start, such as that the provider
            is unofficial and may cost them the number.
    """

    name: str
    config: type[C]
    open: Callable[[C, ProviderContext], AbstractAsyncContextManager[P]]
    capabilities: frozenset[str]
    idempotency: Idempotency | None = None
    accept_latency_s: float = 60.0
    lookup_lag_s: float = 0.0
    most_characters: int | None = None
    most_media_bytes: int | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    webhook: WebhookAdapter[C] | None = None
    prices: PriceList | None = None
    simulated: bool = False
    local: bool = False
    warning: str | None = None


ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application: ``await app(scope, receive, send)``."""


HUB_VIEW: Final = "trunkline.view"
"""The key of the ASGI scope under which a demo site finds its `HubView`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCard:
    """
    One agent as a site may show it.

    Attributes:
        name: Its display name, else its id.
        addresses: What people write to, by channel: ``sms``, ``email``, ``whatsapp``.
    """

    agent_id: str
    name: str
    addresses: Mapping[str, str]


class HubView(Protocol):
    """What a site may read and ask of the hub."""

    async def agents(self) -> Sequence[AgentCard]:
        """Return every agent, by id."""
        ...

    async def speak(self, text: str) -> bytes:
        """
        Return a text as a person on a simulated phone would say it: a WAV of 8 kHz µ-law.

        Raises:
            NotConfigured: Nothing speaks here, or not now; the sentence says why.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """
    A web application that a plugin serves beside the hub.

    Attributes:
        prefix: Path it is mounted under: ``/demo`` or ``/p/<plugin>``.
        app: The application; paths it sees lack the prefix.
        demo_only: Served only by a hub in demo mode, and then only to loopback callers. Such a
            site finds a `HubView` in the ASGI scope, under `HUB_VIEW`.
    """

    prefix: str
    app: ASGIApp
    demo_only: bool = False
