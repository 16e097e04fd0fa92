"""What an adapter can do: declared once, read by routing, forms and conformance tests."""

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

    SMS_LOOKUP = "sms.lookup"
    """Tell of one sent text by the provider's id, and list the texts sent to a recipient."""

    CALL_PLACE = "call.place"
    """Place an outbound phone call."""


class Idempotency(StrEnum):
    """What a send whose answer was lost may be resolved with."""

    KEY = "key"
    """The provider drops a second send that carries the same key: resending is safe."""

    LOOKUP = "lookup"
    """The provider can be asked whether it took the send."""

    NONE = "none"
    """Neither: only a callback or a person can tell."""
