"""The rules: consent, how often, and when."""

from datetime import timedelta
from typing import Final

from trunkline.sdk import (
    ALLOW,
    Allow,
    Block,
    ComplianceFacts,
    ComplianceFilter,
    Defer,
    MessageClass,
)
from trunkline_us_rules.config import UsRules
from trunkline_us_rules.hours import allowed_from

_CHANNELS: Final = frozenset({"sms", "whatsapp", "voice"})
_EXEMPT: Final = frozenset(
    {MessageClass.VERIFICATION, MessageClass.EMERGENCY, MessageClass.INTERNAL}
)


class UsFilter(ComplianceFilter):
    """Judges what reaches phones in the United States."""

    def __init__(self, config: UsRules) -> None:
        self._config = config

    def recheck(self, facts: ComplianceFacts) -> Allow | Block | Defer:
        """Judge by consent, by how often, then by the hour."""
        if facts.channel not in _CHANNELS or facts.place.country != "US":
            return ALLOW
        if facts.message_class in {MessageClass.EMERGENCY, MessageClass.INTERNAL}:
            return ALLOW
        return _consent(facts) or self._frequency(facts) or self._hours(facts) or ALLOW

    def _frequency(self, facts: ComplianceFacts) -> Block | None:
        if self._is_free(facts) or facts.contacts_24h < self._config.most_per_24_hours:
            return None
        return Block(
            rule="frequency",
            sentence=f"This person has had {facts.contacts_24h} messages or calls within 24 hours, "
            f"and {self._config.most_per_24_hours} are allowed. Wait until they write, or a day.",
        )

    def _hours(self, facts: ComplianceFacts) -> Block | Defer | None:
        if self._is_free(facts):
            return None
        until = allowed_from(facts.now, facts.place.state, facts.place.zones)
        if until is None:
            return Block(rule="hours", sentence="There is no hour at which this may go out.")
        if until == facts.now:
            return None
        return Defer(
            until=until,
            rule="hours",
            sentence="At this hour nobody may be contacted where the recipient is. It goes out "
            "when that is allowed.",
        )

    def _is_free(self, facts: ComplianceFacts) -> bool:
        """Tell whether an act may happen at any hour: it is awaited, or an answer."""
        if facts.message_class in _EXEMPT:
            return True
        is_told = facts.class_given and facts.message_class is MessageClass.TRANSACTIONAL
        if is_told and self._config.transactional_any_time:
            return True
        lately = timedelta(minutes=self._config.answers_within_minutes)
        wrote_at = facts.last_inbound_at
        return wrote_at is not None and facts.now - wrote_at < lately


def _consent(facts: ComplianceFacts) -> Block | None:
    """Judge by 47 CFR 64.1200(a): written consent to marketing, consent to an artificial voice."""
    is_marketing = facts.message_class is MessageClass.MARKETING
    speaks = facts.calls and facts.speaks
    if not (is_marketing or speaks):
        return None
    if facts.consented(written=is_marketing, artificial_voice=speaks):
        return None
    what = "marketing" if is_marketing else "a call in an artificial voice"
    form = "written consent" if is_marketing else "consent"
    return Block(
        rule="consent",
        sentence=f"There is no {form} of this person to {what} on record. An operator records one "
        "with `trunkline consent`.",
    )
