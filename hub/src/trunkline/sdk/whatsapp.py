"""The WhatsApp contract: session messages and templates, and what people send back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from trunkline.sdk.capability import Capability
from trunkline.sdk.errors import Unsupported
from trunkline.sdk.kind import Kind
from trunkline.sdk.messages import Outbound
from trunkline.sdk.provider import MessageProvider
from trunkline.sdk.provisioning import SenderOperations
from trunkline.sdk.webhooks import Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    One thing to pick.

    Attributes:
        id: What `ReceivedWhatsApp.choice` tells when it was picked; at most 64 characters.
        label: What is shown, in one line.
    """

    id: str
    label: str


_MOST_BUTTONS, _LONGEST_BUTTON = 3, 20
_MOST_LINES, _LONGEST_LINE = 10, 24
"""How many buttons or lines of a list, and the characters of each (Meta, November 2026)."""


def shown_as(choices: Sequence[Choice]) -> Capability | None:
    """Return what shows choices, buttons before a list; None if they are too many or too long."""
    longest = max((len(each.label) for each in choices), default=0)
    if len(choices) <= _MOST_BUTTONS and longest <= _LONGEST_BUTTON:
        return Capability.WHATSAPP_BUTTONS
    if len(choices) <= _MOST_LINES and longest <= _LONGEST_LINE:
        return Capability.WHATSAPP_LISTS
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundWhatsApp(Outbound):
    """
    One WhatsApp message to one recipient.

    Attributes:
        sender: A number in E.164.
        recipient: A number in E.164, or the business-scoped user id of a person who shows none: the
            two letters of their country, a dot, and up to 128 letters and digits; or a LID (digits
            and ``@lid``), by which linked phones know them.
        body: The text; of a template what it comes to, which is not sent: the template is.
        template: The provider's id of an approved template, or None for a session message, which a
            provider takes only within 24 hours of what the person wrote last.
        template_values: By the name or the position ("1", "2", …) of each variable.
        language: Of the template, such as ``en`` or ``pt_BR``, where the provider wants it apart.
        quoted_id: The provider's id of the message that it answers.
        choices: What to show as buttons or as a list, as `shown_as` says, for providers that
            declare `Capability.WHATSAPP_BUTTONS` or `Capability.WHATSAPP_LISTS`; never beside media
            or a template.
    """

    template: str | None = None
    template_values: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    quoted_id: str | None = None
    choices: tuple[Choice, ...] = ()


class WhatsAppContent(StrEnum):
    """What somebody sent."""

    TEXT = "text"
    """`body` is what was written."""

    MEDIA = "media"
    """Pictures, sounds or documents; `body` is what was written under them."""

    REACTION = "reaction"
    """`body` is the emoji, or empty where it was taken back; `quoted_id` names what it is about."""

    CHOICE = "choice"
    """A button or a line of a list was picked: `choice` is its id, `body` what it says."""

    LOCATION = "location"
    """A place: `body` has its name and coordinates."""

    CONTACTS = "contacts"
    """Cards of people: `body` has their names."""

    EDITED = "edited"
    """`body` is the new text of the person's message that `quoted_id` names."""

    DELETED = "deleted"
    """The person took back the message that `quoted_id` names; `body` is empty."""

    FORM = "form"
    """The answers to a form: `body` has them, each on a line with its name."""

    ORDER = "order"
    """Goods that were ordered from a catalogue; `body` has what the provider tells of them."""

    UNSUPPORTED = "unsupported"
    """The provider itself could not read it."""

    OTHER = "other"
    """A kind that the adapter does not know; `vendor_kind` names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedWhatsApp(Received):
    """
    Somebody wrote by WhatsApp.

    Attributes:
        sender: A number in E.164, or a business-scoped user id or a LID of a person who shows none.
        sender_id: The business-scoped user id, or the LID, of who wrote, also beside a number: the
            two are one person. None where the provider tells none.
        sender_name: The name that the person gave themselves.
        content: What it is; `vendor_kind` is the provider's own word for it.
        quoted_id: The provider's id of the message that it answers.
        choice: The id of what was picked, of a `WhatsAppContent.CHOICE`.
    """

    channel: str = "whatsapp"
    sender_id: str | None = None
    sender_name: str | None = None
    content: WhatsAppContent = WhatsAppContent.TEXT
    vendor_kind: str | None = None
    quoted_id: str | None = None
    choice: str | None = None


class TemplateState(StrEnum):
    """Whether a template may be sent."""

    APPROVED = "approved"
    PENDING = "pending"
    REJECTED = "rejected"
    PAUSED = "paused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """
    A template as the provider has it.

    Attributes:
        provider_id: What `OutboundWhatsApp.template` takes.
        name, language: As they were registered.
        body: The text with its variables in double braces.
        variables: Their names or positions, in their order.
        category: The provider's word, such as ``utility`` or ``marketing``; None where not told.
    """

    provider_id: str
    name: str
    language: str
    body: str
    variables: tuple[str, ...] = ()
    state: TemplateState = TemplateState.UNKNOWN
    category: str | None = None


class WhatsAppProvider(MessageProvider[OutboundWhatsApp], SenderOperations):
    """Base class of WhatsApp adapters: messages, as `MessageProvider` has them, and templates."""

    async def templates(self) -> list[Template]:
        """Return the account's templates and their states."""
        raise Unsupported("listing templates")


WHATSAPP: Final = Kind(
    name="whatsapp",
    provider=WhatsAppProvider,
    noun="WhatsApp messages",
    does={
        Capability.WHATSAPP_SEND: "send",
        Capability.WHATSAPP_MEDIA: "send",
        Capability.WHATSAPP_TEMPLATE: "templates",
        Capability.WHATSAPP_SENDERS: "senders",
        Capability.WHATSAPP_WEBHOOK: "set_sender",
        Capability.WHATSAPP_REGISTER: "register_sender",
    },
    channels=("whatsapp",),
)
