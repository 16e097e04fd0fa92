"""Where the owner of a phone number is, as far as the number tells."""

from functools import lru_cache
from typing import Final

import phonenumbers

from trunkline.sdk import Place, PlaceSource

_MOST_ZONES: Final = 3
"""A number that may be in more zones than this says nothing: toll-free ones have 42."""
_STATES: Final = frozenset({"US", "CA"})
_NAMES: Final = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA",
    "Colorado": "CO", "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA",
    "Hawaii": "HI", "Idaho": "ID", "Illinois": "IL", "Indiana": "IN", "Iowa": "IA",
    "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME", "Maryland": "MD",
    "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS",
    "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH",
    "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC",
    "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
    "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN",
    "Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington": "WA",
    "Washington State": "WA",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY", "Washington D.C.": "DC",
    "District of Columbia": "DC", "Alberta": "AB", "British Columbia": "BC",
    "British Colombia": "BC", "Manitoba": "MB",
    "New Brunswick": "NB", "Newfoundland and Labrador": "NL", "Nova Scotia": "NS",
    "Ontario": "ON", "Prince Edward Island": "PE", "Quebec": "QC", "Saskatchewan": "SK",
    "Northwest Territories": "NT", "Nunavut": "NU", "Yukon": "YT",
}  # fmt: skip


@lru_cache(maxsize=10_000)
def place_of(address: str) -> Place:
    """
    Return where a number was given out; an address that is no number says nothing.

    Its owner may have moved: what they said themselves counts for more.
    """
    if not address.startswith("+"):
        return Place()
    try:
        number = phonenumbers.parse(address)
    except phonenumbers.NumberParseException:
        return Place()
    country = phonenumbers.region_code_for_number(number)
    if country is None or not country.isalpha():
        return Place()
    from phonenumbers import geocoder, timezone  # half a second and 60 MB, at first use only

    zones = tuple(each for each in timezone.time_zones_for_number(number) if each != "Etc/Unknown")
    if len(zones) > _MOST_ZONES:
        zones = ()
    state = None
    if country in _STATES:
        state = _state(geocoder.description_for_number(number, "en"))
    return Place(country=country, state=state, zones=zones, source=PlaceSource.NUMBER)


def _state(described: str) -> str | None:
    """Read a state from what a number's place is called: ``Dallas, TX`` or ``Texas``."""
    _, comma, last = described.rpartition(", ")
    if comma and len(last) == 2 and last.isupper():
        return last
    return _NAMES.get(last)
