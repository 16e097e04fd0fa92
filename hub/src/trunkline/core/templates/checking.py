"""What is wrong with a template that an operator gives."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from trunkline.core.channels import CHANNELS
from trunkline.core.problems import Invalid
from trunkline.core.templates.filling import PLACEHOLDER, read_language
from trunkline.core.templates.links import faults
from trunkline.core.templates.models import ProviderTemplate, Template, TemplateText

TEMPLATE_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_VARIABLE: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAIL: Final = "email"
_BY_TEMPLATE: Final = "whatsapp"


def checked(given: Template, connections: Collection[str]) -> Template:
    """
    Return a template as it is stored; one that names no variables has those of its texts.

    Raises:
        Invalid: It could not be sent as it is; the sentence says what to correct.
    """
    if not TEMPLATE_ID.fullmatch(given.id):
        raise Invalid(
            "id", "start with a letter, then letters, digits, '_', '.' or '-', 64 at most."
        )
    if not given.texts:
        raise Invalid("texts", "give at least one text.")
    texts = tuple(_text(each) for each in given.texts)
    if len({(each.language, each.channel) for each in texts}) < len(texts):
        raise Invalid("texts", "give one text for a language and channel.")
    used = tuple(dict.fromkeys(name for each in texts for name in _used(each)))
    variables = given.variables or used
    _check_variables(variables, used)
    language = _language("language", given.language or texts[0].language)
    if language not in {each.language for each in texts}:
        raise Invalid("language", "give a text in it: it is where no other language fits.")
    provider_templates = tuple(
        _provider_template(each, variables, connections) for each in given.provider_templates
    )
    named = [(each.connection, each.language) for each in provider_templates]
    if len(set(named)) < len(named):
        raise Invalid("providerTemplates", "give one for a connection and language.")
    written = {each.language for each in texts if each.serves(_BY_TEMPLATE)}
    if any(each.language not in written for each in provider_templates):
        raise Invalid(
            "providerTemplates",
            "give a text for WhatsApp in the language of each: it is what is recorded.",
        )
    return replace(
        given,
        variables=variables,
        language=language,
        texts=texts,
        provider_templates=provider_templates,
    )


def _text(given: TemplateText) -> TemplateText:
    if given.channel is not None and given.channel not in CHANNELS:
        raise Invalid("texts.channel", f"give one of {', '.join(CHANNELS)}, or none for all.")
    if not (given.body.strip() or given.html):
        raise Invalid("texts.body", "a text cannot be empty.")
    if given.channel not in (None, _MAIL) and (given.subject or given.html):
        raise Invalid("texts", "only mails have a subject and html.")
    if given.subject is not None and ("\n" in given.subject or "\t" in given.subject):
        raise Invalid("texts.subject", "give one line of text.")
    for field in ("subject", "body", "html"):
        for fault in _faults(getattr(given, field) or ""):
            raise Invalid(f"texts.{field}", fault)
    for fault in faults(given.html or ""):
        raise Invalid("texts.html", fault)
    return replace(
        given,
        language=_language("texts.language", given.language),
        body=_lines(given.body),
        html=_lines(given.html) if given.html else None,
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _faults(text: str) -> Iterator[str]:
    if _CONTROL.search(_lines(text)):
        yield "control characters cannot be sent."
    without = PLACEHOLDER.sub("", text)
    if "{{" in without or "}}" in without:
        yield "write a variable as {{name}}: letters, digits and '_', at most 64."


def _used(text: TemplateText) -> Iterator[str]:
    for each in (text.subject, text.body, text.html):
        yield from PLACEHOLDER.findall(each or "")


def _check_variables(variables: tuple[str, ...], used: tuple[str, ...]) -> None:
    if len(set(variables)) < len(variables) or not all(map(_VARIABLE.fullmatch, variables)):
        raise Invalid("variables", "give names of letters, digits and '_', each once.")
    if undeclared := [name for name in used if name not in variables]:
        raise Invalid("variables", f"the texts have {', '.join(undeclared)} too: name them all.")
    if unused := [name for name in variables if name not in used]:
        raise Invalid("variables", f"no text has {', '.join(unused)}.")


def _language(field: str, given: str) -> str:
    language = read_language(given)
    if language is None:
        raise Invalid(field, "give a language such as en or pt-BR.")
    return language


def _provider_template(
    given: ProviderTemplate, variables: tuple[str, ...], connections: Collection[str]
) -> ProviderTemplate:
    if given.connection not in connections:
        known = ", ".join(connections) or "none"
        raise Invalid(
            "providerTemplates.connection", f"name a WhatsApp connection; there are: {known}."
        )
    if any(ours not in variables for _, ours in given.values):
        raise Invalid(
            "providerTemplates.values", f"name variables of this template: {', '.join(variables)}."
        )
    theirs = [name for name, _ in given.values]
    if len(set(theirs)) < len(theirs):
        raise Invalid("providerTemplates.values", "give each of the provider's variables once.")
    language = _language("providerTemplates.language", given.language)
    return replace(given, language=language)
