"""Making a message of a template: which text of it, and its values in place of the variables."""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from trunkline.core.channels import ChannelRules
from trunkline.core.messages.content import AtProvider, Content
from trunkline.core.problems import Invalid
from trunkline.core.templates.links import linked
from trunkline.core.templates.models import Template, TemplateText

PLACEHOLDER: Final = re.compile(r"\{\{ *([A-Za-z0-9_]{1,64}) *\}\}")
"""A variable in a text: its name in double braces."""

_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?")
_LINK: Final = re.compile(r"(?:https?://|mailto:|tel:)\S+", re.IGNORECASE)
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})


def read_language(text: str) -> str | None:
    """
    Return a language as BCP 47 writes it, such as ``en`` or ``pt-BR``, or None if it is none.

    An underline, as WhatsApp has it, is understood.
    """
    found = _LANGUAGE.fullmatch(text)
    if found is None:
        return None
    language, script, region = found.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(filter(None, parts))


def in_order(wanted: str | None, template: Template) -> list[str]:
    """
    Return the languages to look for, best first.

    They are the one that is wanted, then it without its region, then without its script too, then
    the template's own.
    """
    languages: list[str] = []
    parts = wanted.split("-") if wanted else []
    while parts:
        languages.append("-".join(parts))
        parts.pop()
    return list(dict.fromkeys([*languages, template.language]))


def fill(template: Template, asked: Content, rules: ChannelRules) -> Content:
    """
    Return what a send that names a template says, on the channel of `rules`.

    Raises:
        Invalid: A value is missing, is one too many or cannot stand where it belongs; or the
            template has no text for the channel.
    """
    values = _values(template, asked.template_values)
    text = _text(template, asked.language, rules)
    filled = replace(
        asked,
        body=_filled(text.body, values),
        made_of=template.id,
        template=None,
        template_values=(),
        language=None,
    )
    if "subject" in rules.fields:
        filled = replace(filled, subject=asked.subject or _filled(text.subject or "", values))
    if "html" in rules.fields and text.html:
        _check_links(text.html, values)
        escaped = {name: html.escape(value) for name, value in values.items()}
        filled = replace(filled, html=_filled(text.html, escaped))
    if "templateId" in rules.fields:
        at_providers = tuple(_at_providers(template, text.language, values))
        filled = replace(filled, language=text.language, at_providers=at_providers)
    return filled


def _values(template: Template, given: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    values = dict(given)
    needs = f"'{template.id}' takes {', '.join(template.variables) or 'no variables'}"
    if len(values) < len(given):
        raise Invalid("templateVars", "give each variable once.")
    if any(name not in template.variables for name in values):
        raise Invalid("templateVars", f"there is one too many: {needs}.")
    if missing := [name for name in template.variables if name not in values]:
        raise Invalid("templateVars", f"give a value for {', '.join(missing)}: {needs}.")
    for name, value in values.items():
        if not value.strip() or any(unicodedata.category(each) in _BREAKS for each in value):
            raise Invalid(
                "templateVars", f"give '{name}' one line of text without control characters."
            )
    return values


def _text(template: Template, wanted: str | None, rules: ChannelRules) -> TemplateText:
    """Return the text of the best language that the channel has; its own before that for all."""
    serving = [each for each in template.texts if each.serves(rules.name)]
    found = [
        each
        for language in in_order(wanted, template)
        for each in sorted(serving, key=lambda each: each.channel is None)
        if each.language == language
    ]
    if not found:
        raise Invalid(
            "templateId",
            f"'{template.id}' has no text for a {rules.noun} in its own language: its operator "
            "can write one.",
        )
    if "templateId" in rules.fields:  # there, what a provider has approved can always be sent
        approved = {each.language for each in template.provider_templates}
        found.sort(key=lambda each: each.language not in approved)
    return found[0]


def _at_providers(
    template: Template, language: str, values: Mapping[str, str]
) -> Iterator[AtProvider]:
    for each in template.provider_templates:
        if each.language == language:
            theirs = tuple((name, values[ours]) for name, ours in each.values)
            yield AtProvider(each.connection, each.provider_id, theirs)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its values, which are data: what looks like a variable in one stays."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _check_links(page: str, values: Mapping[str, str]) -> None:
    for name in linked(page):
        if not _LINK.fullmatch(values[name]):
            raise Invalid(
                "templateVars",
                f"'{name}' is where a link of the template leads: give an https URL.",
            )
