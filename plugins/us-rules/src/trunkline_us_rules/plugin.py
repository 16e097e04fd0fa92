"""What the hub loads."""

from collections.abc import Sequence

from trunkline.sdk import ComplianceFilter, FilterSpec, hookimpl
from trunkline_us_rules.config import UsRules


def _create(config: UsRules) -> ComplianceFilter:
    from trunkline_us_rules.rules import UsFilter  # its calendars take a moment

    return UsFilter(config)


US_RULES = FilterSpec(
    name="us-rules",
    noun="consent, frequency and hours in the United States",
    config=UsRules,
    create=_create,
)


@hookimpl
def trunkline_register_compliance_filters() -> Sequence[FilterSpec[UsRules]]:
    """Offer the rules."""
    return [US_RULES]
