"""What goes over the wire of templates."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from trunkline.surfaces.shapes import (
    VARIABLE,
    Arguments,
    ChannelName,
    Given,
    Line,
    Result,
    Subject,
    Text,
    Time,
    optional,
)

_Name = Annotated[str, StringConstraints(pattern=VARIABLE)]


class TemplateTextShape(Given):
    """A text in a language; without a channel it is one for every channel."""

    language: Line
    channel: Line | None = None
    subject: Subject | None = Field(default=None, description="Of a mail.")
    body: Text = Field(default="", description="With its variables as {{name}}.")
    html: Text | None = Field(default=None, description="Of a mail, beside body or instead.")


class ValueShape(Given):
    """Which of the template's variables one of the provider's shows."""

    name: _Name
    variable: _Name


def _positions(given: object) -> object:
    """Return variables by position, or by the provider's names, as a list of both."""
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return [{"name": str(at), "variable": name} for at, name in enumerate(given, start=1)]
    if isinstance(given, dict):
        return [{"name": name, "variable": variable} for name, variable in given.items()]
    return given


class ProviderTemplateShape(Given):
    """What a provider calls the template in a language."""

    connection: Line
    language: Line
    provider_id: Line
    values: Annotated[list[ValueShape], Field(max_length=50), BeforeValidator(_positions)] = Field(
        default_factory=list,
        description="The provider's variables; a list of ours by position, or an object of the "
        "provider's names and ours, is understood too.",
    )


class SetTemplateArguments(Arguments):
    """A template as a whole."""

    id: Line
    variables: list[_Name] | None = Field(
        default=None, max_length=50, description="Left out: those of the texts."
    )
    language: Line | None = Field(
        default=None, description="Of those whose own is not there; left out: the first text's."
    )
    texts: list[TemplateTextShape] = Field(max_length=200)
    provider_templates: list[ProviderTemplateShape] = Field(default_factory=list, max_length=200)


class TemplateArguments(Arguments):
    """One template."""

    id: Line


class TextShape(Result):
    """A text in a language."""

    language: str
    channel: str | None = optional("Left out: every channel.")
    subject: str | None = optional()
    body: str
    html: str | None = optional()


class MappedValueShape(Result):
    """One of the provider's variables, and which of the template's it shows."""

    name: str
    variable: str


class MappedShape(Result):
    """What a provider calls it, and what the provider lists of that."""

    connection: str
    language: str
    provider_id: str
    values: list[MappedValueShape]
    state: str | None = optional("approved, pending, rejected, paused, unknown or missing.")


class TemplateShape(Result):
    """One template, as it is set."""

    id: str
    variables: list[str]
    language: str
    texts: list[TextShape]
    provider_templates: list[MappedShape]
    updated_at: Time | None = optional()


class TheirTemplateShape(Result):
    """A template that a provider has of its own."""

    connection: str
    provider_id: str
    name: str
    language: str
    state: str
    category: str | None = optional()
    variables: list[str]
    body: str
    used_by: str | None = optional("The template that it belongs to.")


class UnlistedShape(Result):
    """A connection whose provider did not list its templates."""

    connection: str
    reason: str


class TemplatesShape(Result):
    """Every template, and what the providers have of their own."""

    templates: list[TemplateShape]
    at_providers: list[TheirTemplateShape]
    not_listed: list[UnlistedShape]


class RemovedTemplateShape(Result):
    """What was removed."""

    id: str


class SendableArguments(Arguments):
    """Arguments of comms_list_templates."""

    channel: ChannelName | None = None


class SendableShape(Result):
    """A template that can be sent."""

    template_id: str
    channels: list[str]
    languages: list[str]
    variables: list[str]
    body: str
    state: str | None = optional()


class SendableTemplatesResult(Result):
    """Result of comms_list_templates."""

    templates: list[Annotated[SendableShape, WithJsonSchema({"type": "object"})]] = Field(
        description="On WhatsApp send only those of state approved."
    )
