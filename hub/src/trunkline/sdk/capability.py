"""What an adapter can do: declared once, read by routing, forms and conformance tests."""

from dataclasses import dataclass
from enum import StrEnum


class Capability(StrEnum):
    """One thing a provider can do. The hub never asks a provider for what it does not declare."""

    SMS_SEND = "sms.send"
    """Send a text message to one recipient."""

    SMS_RECEIVE = "sms.receive"
    """Report inbound texts through a webhook."""

    SMS_STATUS = "sms.status"
    """Report what became of a sent text through a webhook."""

    MMS_SEND = "mms.send"
    """Send a text with media, given as URLs that the provider fetches."""

    EMAIL_SEND = "email.send"
    """Send a mail of text, HTML and copies."""

    EMAIL_ATTACH = "email.attach"
    """Send files along, given as URLs that the adapter or the provider fetches."""

    EMAIL_RECEIVE = "email.receive"
    """Tell of mails that come in."""

    EMAIL_STATUS = "email.status"
    """Report what became of a sent mail: delivery, bounce, complaint."""

    WHATSAPP_SEND = "whatsapp.send"
    """Send a WhatsApp message of text to one recipient."""

    WHATSAPP_MEDIA = "whatsapp.media"
    """Send a WhatsApp message with media, given as URLs that the provider fetches."""

    WHATSAPP_TEMPLATE = "whatsapp.template"
    """Send approved templates, which need no window, and list them."""

    WHATSAPP_BUTTONS = "whatsapp.buttons"
    """Send up to three choices of at most 20 characters as buttons, and tell which was picked."""

    WHATSAPP_LISTS = "whatsapp.lists"
    """Send up to ten choices of at most 24 characters as a list, and tell which was picked."""

    WHATSAPP_RECEIVE = "whatsapp.receive"
    """Tell of WhatsApp messages that come in."""

    WHATSAPP_STATUS = "whatsapp.status"
    """Report what became of a sent WhatsApp message."""

    LOOKUP_BY_ID = "lookup.by_id"
    """Tell of one sent message by the provider's id (`MessageProvider.fetch`)."""

    LOOKUP_BY_KEY = "lookup.by_key"
    """Tell of one sent message by its idempotency key (`MessageProvider.find_by_key`)."""

    LOOKUP_BY_ADDRESS = "lookup.by_address"
    """List the messages sent between two addresses since a time (`MessageProvider.find`)."""

    LISTEN = "listen"
    """Tell of what comes in through a connection held open (`MessageProvider.listen`)."""

    CALL_PLACE = "call.place"
    """Place an outbound phone call."""


class KeyForm(StrEnum):
    """How a provider wants its idempotency keys written."""

    ANY = "any"
    """Letters, digits and underscores."""

    UUID = "uuid"
    """A UUID in its usual form of 36 characters (RFC 9562)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """
    The provider drops a second send that carries the same key: resending is safe in its window.

    Attributes:
        form: How a key must be written.
        window_s: For how many seconds after the first send a second one is dropped. After that the
            hub resends nothing: it looks the message up if it can, or asks a person.
    """

    form: KeyForm = KeyForm.ANY
    window_s: float = 86_400.0
