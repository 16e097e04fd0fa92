"""Templates as Twilio's Content API (v1) has them, with what WhatsApp says of each."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from trunkline.sdk import Template, TemplateState
from trunkline_twilio.api import Answer, NewerPage

STATES: Final[Mapping[str, TemplateState]] = {
    "received": TemplateState.PENDING,
    "pending": TemplateState.PENDING,
    "approved": TemplateState.APPROVED,
    "rejected": TemplateState.REJECTED,
    "paused": TemplateState.PAUSED,
    "disabled": TemplateState.REJECTED,  # for good, as one that was rejected
}
"""
What the status of an approval means ("Fetch approval status", Twilio, November 2026).

`unsubmitted` is none of them: WhatsApp was not asked, and takes it within the 24 hours only.
"""

_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")


def _or_empty(value: object) -> object:
    return {} if value is None else value


class _Approval(Answer):
    name: str | None = None
    category: str | None = None
    status: str | None = None
    content_type: str | None = None


class _Content(Answer):
    sid: str = Field(min_length=1)
    friendly_name: str | None = None
    language: str | None = None
    variables: Annotated[dict[str, object], BeforeValidator(_or_empty)] = Field(
        default_factory=dict
    )
    types: Annotated[dict[str, object], BeforeValidator(_or_empty)] = Field(default_factory=dict)
    approval_requests: _Approval | None = None

    def template(self) -> Template:
        """Return it in the hub's words."""
        approval = self.approval_requests or _Approval()
        shown = self.types.get(approval.content_type or "") or next(iter(self.types.values()), None)
        used = dict.fromkeys([*_variables(shown), *self.variables])
        return Template(
            provider_id=self.sid,
            name=approval.name or self.friendly_name or "",
            language=self.language or "",
            body=_text(shown),
            variables=tuple(sorted(used, key=_position)),
            state=STATES.get(approval.status or "", TemplateState.UNKNOWN),
            category=(approval.category or "").lower() or None,
        )


class Contents(NewerPage):
    """A page of the list of templates."""

    contents: list[_Content]


def _text(shown: object) -> str:
    """Return the text of a template; a card has it as its title."""
    if not isinstance(shown, dict):
        return ""
    return next(
        (text for name in ("body", "title") if isinstance(text := shown.get(name), str)), ""
    )


def _variables(value: object) -> list[str]:
    """Return the variables of a template, in its text, its media and its buttons."""
    if isinstance(value, str):
        return _VARIABLE.findall(value)
    if isinstance(value, dict):
        return [name for inner in value.values() for name in _variables(inner)]
    return (
        [name for inner in value for name in _variables(inner)] if isinstance(value, list) else []
    )


def _position(variable: str) -> int:
    """Return where a numbered variable stands; the named ones come in the order they are met."""
    return int(variable) if variable.isdecimal() else 0
