"""What Twilio asks about a business and about what it sends, for US carriers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trunkline.sdk import Rejected
from trunkline_twilio.api import Form

SERVICE: Final = "MessagingServiceSid"
"""The fact that says whose campaign it is; it stands in the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """
    One field.

    Attributes:
        is_list: Written with one value on each line.
        least, most: How many characters it has, or each of its values.
    """

    is_needed: bool = False
    is_list: bool = False
    least: int = 1
    most: int = 4096


BRAND_FACTS: Final[Mapping[str, Fact]] = {
    "CustomerProfileBundleSid": Fact(is_needed=True),
    "A2PProfileBundleSid": Fact(is_needed=True),
    "BrandType": Fact(),
    "Mock": Fact(),
    "SkipAutomaticSecVet": Fact(),
}
CAMPAIGN_FACTS: Final[Mapping[str, Fact]] = {
    "BrandRegistrationSid": Fact(is_needed=True),
    "Description": Fact(is_needed=True, least=40),
    "MessageFlow": Fact(is_needed=True),
    "MessageSamples": Fact(is_needed=True, is_list=True, least=20, most=1024),
    "UsAppToPersonUsecase": Fact(is_needed=True),
    "HasEmbeddedLinks": Fact(is_needed=True),
    "HasEmbeddedPhone": Fact(is_needed=True),
    "OptInMessage": Fact(),
    "OptOutMessage": Fact(),
    "HelpMessage": Fact(),
    "OptInKeywords": Fact(is_list=True),
    "OptOutKeywords": Fact(is_list=True),
    "HelpKeywords": Fact(is_list=True),
    "SubscriberOptIn": Fact(),
    "AgeGated": Fact(),
    "DirectLending": Fact(),
    "PrivacyPolicyUrl": Fact(),
    "TermsAndConditionsUrl": Fact(),
}
"""By Twilio's names (its OpenAPI file messaging_v1, April 2026)."""
_SAMPLES: Final = range(2, 6)


def form_of(facts: Mapping[str, str], known: Mapping[str, Fact]) -> Form:
    """
    Return the form of a registration.

    Raises:
        Rejected: One is missing, unknown or of another length; which, not what it says.
    """
    if not facts.keys() - {SERVICE} <= known.keys():
        raise Rejected(f"Twilio asks for none but these: {', '.join([SERVICE, *known])}.")
    form: Form = {}
    for name, fact in known.items():
        values = [each.strip() for each in facts.get(name, "").split("\n") if each.strip()]
        if not fact.is_list:
            values = [facts[name].strip()] if facts.get(name, "").strip() else []
        if fact.is_needed and not values:
            raise Rejected(f"{name} is missing: Twilio asks for it.")
        if any(not fact.least <= len(each) <= fact.most for each in values):
            raise Rejected(f"{name} has {fact.least} to {fact.most} characters: change it.")
        if name == "MessageSamples" and len(values) not in _SAMPLES:
            raise Rejected("MessageSamples has two to five, one on each line: change them.")
        if values:
            form[name] = values if fact.is_list else values[0]
    return form
