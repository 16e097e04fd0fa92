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
    """Place an outbound phone call that plays sounds, and report its end (`place_call`)."""

    CALL_RECORD = "call.record"
    """Record what is said in a call, and tell when the recording is ready."""

    CALL_RECEIVE = "call.receive"
    """Ask the hub what to do with a call that comes in (`WebhookAdapter.render`)."""

    CALL_STATUS = "call.status"
    """Report how far a call got through a webhook."""

    CALL_LOOKUP = "call.lookup"
    """Tell of one call by the provider's id (`TelephonyProvider.fetch_call`)."""

    CALL_LOOKUP_BY_ADDRESS = "call.lookup.by_address"
    """List the calls between two numbers since a time (`TelephonyProvider.find_calls`)."""

    CALL_END = "call.end"
    """End a call (`TelephonyProvider.hang_up`)."""

    CALL_MACHINE = "call.machine"
    """Find out whether a person, a machine or a fax answered."""

    NUMBER_SEARCH = "number.search"
    """Tell of numbers that can be bought (`NumberOperations.search_numbers`)."""

    NUMBER_BUY = "number.buy"
    """Buy, find, set and give back numbers (the other operations on a number)."""

    NUMBER_STANDING = "number.standing"
    """Tell whether carriers take texts from a number (`NumberOperations.number_standing`)."""

    NUMBER_REGISTER = "number.register"
    """Register a business and what it sends with carriers (`NumberOperations.register`)."""

    WHATSAPP_SENDERS = "whatsapp.senders"
    """Tell of the account's senders and how they stand (`senders` and `find_sender`)."""

    WHATSAPP_WEBHOOK = "whatsapp.webhook"
    """Set where the provider calls for a sender (`SenderOperations.set_sender`)."""

    WHATSAPP_REGISTER = "whatsapp.register"
    """Register and remove senders (the other operations on a sender)."""

    EMAIL_DOMAINS = "email.domains"
    """Add, check and remove mail domains (`DomainOperations`)."""

    EMAIL_WEBHOOK = "email.webhook"
    """Set where the provider calls (`DomainOperations.set_webhook`)."""

    ACCOUNT_BELOW = "account.below"
    """Create and close accounts below the connection's own (`AccountOperations`)."""

    MESSAGE_DELETE = "message.delete"
    """Delete what the provider holds of a message (`MessageProvider.delete_message`)."""

    MEDIA_FETCH = "media.fetch"
    """Read what came with a message with the account's own credentials (`fetch_media`)."""

    MEDIA_DELETE = "media.delete"
    """Delete the provider's copy of it (`delete_media`)."""

    MEDIA_OPEN = "media.open"
    """Read what goes along by `Media.open` where that is given, so that nobody fetches a URL."""

    TTS_MULAW_8000 = "tts.mulaw_8000"
    """Speak as G.711 µ-law at 8 kHz without a header."""

    TTS_PCM_16000 = "tts.pcm_16000"
    """Speak as 16-bit samples at 16 kHz without a header."""

    TTS_WAV = "tts.wav"
    """Speak as WAV."""

    TTS_MP3 = "tts.mp3"
    """Speak as MP3."""

    TTS_OGG_OPUS = "tts.ogg_opus"
    """Speak as Opus in Ogg."""

    TTS_VOICES = "tts.voices"
    """List the voices that the account may use."""

    TTS_QUOTA = "tts.quota"
    """Tell how much of the account's quota is used."""

    STT_FILE = "stt.file"
    """Tell what is said in a recording."""

    STT_LIVE = "stt.live"
    """Tell what is said while it is said."""

    STORAGE_WRITE = "storage.write"
    """Store and delete objects."""

    STORAGE_READ = "storage.read"
    """Read objects, and parts of them."""

    STORAGE_LIST = "storage.list"
    """List objects by the beginning of their keys."""

    STORAGE_PRESIGN = "storage.presign"
    """Make URLs from which anybody can read an object for a while."""


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
