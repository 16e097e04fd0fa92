"""What a template is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """
    What a template says in a language, on one channel, or on every channel if that is None.

    `subject` and `html` are of mails alone; a text without a body is one for mails.
    """

    language: str
    channel: str | None = None
    subject: str | None = None
    body: str = ""
    html: str | None = None

    def serves(self, channel: str) -> bool:
        """Tell whether a message of the channel can be made of it."""
        if self.channel is not None:
            return self.channel == channel
        return bool(self.body) or channel == "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTemplate:
    """
    What a provider calls the template in a language, where it takes approved ones only.

    Attributes:
        connection: The account that has it.
        provider_id: What `OutboundWhatsApp.template` takes.
        values: Of each of the provider's variables, in their order, which of ours it shows.
    """

    connection: str
    language: str
    provider_id: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """
    A text with variables, in the languages and for the channels that it was written for.

    Attributes:
        id: What a send names it by.
        variables: Every one that a send must give a value for.
        language: The one of those who can be served in none that was asked for.
    """

    id: str
    variables: tuple[str, ...]
    language: str
    texts: tuple[TemplateText, ...]
    provider_templates: tuple[ProviderTemplate, ...] = ()
    updated_at: datetime | None = None

    def channels(self, known: Mapping[str, object]) -> list[str]:
        """Return which of the channels it can be sent on."""
        return [name for name in known if any(each.serves(name) for each in self.texts)]

    @property
    def languages(self) -> list[str]:
        """The languages of its texts, its own first."""
        return list(dict.fromkeys([self.language, *(each.language for each in self.texts)]))
