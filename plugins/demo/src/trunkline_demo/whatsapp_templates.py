"""The templates of the simulated network: approved ones in two languages, and two that are not."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from trunkline.sdk import Template, TemplateState

_VARIABLE: Final = re.compile(r"\{\{(\w+)\}\}")


def template(
    name: str,
    language: str,
    body: str,
    *,
    state: TemplateState = TemplateState.APPROVED,
    category: str = "utility",
    provider_id: str | None = None,
) -> Template:
    """Return a template with the variables that stand in its body."""
    return Template(
        provider_id=provider_id or f"{name}_{language}",
        name=name,
        language=language,
        body=body,
        variables=tuple(dict.fromkeys(_VARIABLE.findall(body))),
        state=state,
        category=category,
    )


TEMPLATES: Final[Sequence[Template]] = (
    template("hello", "en", "Hello {{1}}, this is {{2}}. Shall we go on here?"),
    template("hello", "de", "Hallo {{1}}, hier ist {{2}}. Wollen wir hier weiterschreiben?"),
    template(
        "appointment",
        "en",
        "Your appointment is on {{day}} at {{time}}. Answer here if that does not suit you.",
    ),
    template(
        "appointment",
        "de",
        "Ihr Termin ist am {{day}} um {{time}}. Antworten Sie hier, wenn das nicht passt.",
    ),
    template("thanks", "en", "Thank you. We have everything that we need."),
    template(
        "spring_sale",
        "en",
        "Spring is here, {{1}}: 20 % off until Sunday.",
        state=TemplateState.PENDING,
        category="marketing",
    ),
    template(
        "you_won",
        "en",
        "You won! Click {{1}} to get your prize.",
        state=TemplateState.REJECTED,
        category="marketing",
    ),
)


def filled(of: Template, values: Mapping[str, str]) -> str:
    """Return what a template says with values, one for each of its variables."""
    return _VARIABLE.sub(lambda found: values[found[1]], of.body)
