"""Where providers call the hub for what comes in."""

from dataclasses import dataclass
from urllib.parse import quote

from trunkline.core.connections.registry import Connection
from trunkline.core.problems import Missing
from trunkline.sdk import CallbackKind, NumberSettings, SenderSettings


@dataclass(frozen=True, slots=True)
class Urls:
    """The account's own routes: whose message it is, the address in it tells."""

    public_url: str
    is_public: bool

    def check(self, connection: Connection) -> None:
        """Refuse, by `Missing`, to set URLs that nobody could call."""
        if not (self.is_public or connection.spec.simulated):
            raise Missing(
                "Providers must be told where to call the hub: set [server] public_url to the URL "
                "under which they reach it, and ask again."
            )

    def of_number(self, connection: str, label: str) -> NumberSettings:
        """Return how a number is set."""
        return NumberSettings(
            label=label,
            sms_url=self._url(connection, CallbackKind.SMS),
            voice_url=self._url(connection, CallbackKind.VOICE),
            call_status_url=self._url(connection, CallbackKind.CALL_STATUS),
        )

    def of_sender(self, connection: str, display_name: str) -> SenderSettings:
        """Return how a WhatsApp sender is set."""
        return SenderSettings(
            display_name=display_name,
            inbound_url=self._url(connection, CallbackKind.WHATSAPP),
            status_url=self._url(connection, CallbackKind.MESSAGE_STATUS),
        )

    def of_mail(self, connection: str) -> str:
        """Return where a mail provider calls."""
        return self._url(connection, CallbackKind.EMAIL)

    def _url(self, connection: str, kind: CallbackKind) -> str:
        base = self.public_url.rstrip("/")
        return f"{base}/webhooks/connections/{quote(connection, safe='')}/{kind.value}"
