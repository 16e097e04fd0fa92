"""Whose a request is: the adapters say so, whatever they raise."""

from collections.abc import Callable
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from trunkline.core.connections.registry import Connection, Connections
from trunkline.sdk import BadSignature, EventLog, Secrets, WebhookRequest

T = TypeVar("T")
_BAD_SIGNATURE: Final = "The signature does not hold."
_LONGEST_WHY: Final = 300


class Vouching:
    """Asks the connections' adapters about requests."""

    def __init__(
        self, connections: Connections, secrets_of: Callable[[str], Secrets], log: EventLog
    ) -> None:
        self._connections = connections
        self._secrets_of = secrets_of
        self._log = log

    def claimants(self, request: WebhookRequest) -> list[Connection]:
        """Return the connections that a request may be for, by its headers."""
        names = dict.fromkeys(each.name for each in self._connections.with_unasked())
        found = (self._connections.account(name) for name in names)
        return [
            connection
            for connection in found
            if connection and connection.config and self._claims(connection, request)
        ]

    async def doubt(self, connection: Connection, request: WebhookRequest) -> str | None:
        """Return why a request may not be the provider's, or None if its adapter vouches for it."""
        adapter, config = connection.spec.webhook, connection.config
        if adapter is None or config is None:
            return "The connection takes no callbacks."
        config = await self._with_kept(connection, adapter.kept_settings, config)

        def verify() -> str | None:
            try:
                verdict: object = adapter.verify(request, config)  # type: ignore[func-returns-value]
            except BadSignature as error:
                return str(error)[:_LONGEST_WHY] or _BAD_SIGNATURE
            # An adapter that returns a verdict instead of raising must not open the door by it.
            return None if verdict is None else "Its adapter returned what only raising says."

        doubts = self.ask(connection, "verify", lambda: (verify(),))
        return "Its adapter broke over it." if doubts is None else doubts[0]

    def ask(self, connection: Connection, method: str, call: Callable[[], T]) -> T | None:
        """Return what one of an adapter's pure methods says; None if it breaks."""
        try:
            return call()
        except BaseException as error:  # noqa: BLE001 - an adapter may raise anything
            self.tell_raised(connection, method, error)
            return None

    def tell_raised(self, connection: Connection, method: str, error: BaseException) -> None:
        """Log that an adapter broke."""
        self._log.warning(
            "adapter.raised",
            provider=connection.spec.name,
            method=method,
            error_type=type(error).__name__,
        )

    def _claims(self, connection: Connection, request: WebhookRequest) -> bool:
        adapter = connection.spec.webhook
        if adapter is None:
            return False
        return bool(self.ask(connection, "claims", lambda: adapter.claims(request)))

    async def _with_kept(
        self, connection: Connection, names: frozenset[str], config: BaseModel
    ) -> BaseModel:
        """
        Return a config with what its provider has kept in the place of settings that are not set.

        It is read anew for each request: another hub may have kept it a moment ago.
        """
        kept: dict[str, str] = {}
        for name in names:
            if getattr(config, name, None) is None:
                value = await self._secrets_of(connection.name).get(name)
                kept |= {} if value is None else {name: value}
        try:
            return type(config).model_validate({**dict(config), **kept}) if kept else config
        except ValidationError:
            return config  # what was kept is none of its kind: as if nothing were
