"""The URLs that Twilio is handed to call."""

from typing import Final

RETRIES: Final = "#rc=5&rp=ct,rt,5xx"
"""Up to five more tries when connecting or reading takes too long, or at an answer of 5xx."""


def with_retries(url: str) -> str:
    """Return a URL that Twilio calls again at once, up to five times, where the hub cannot take it.

    Twilio reads the fragment and sends it to nobody ("Connection overrides", November 2026); by
    default it tries again once, and only if it could not connect.
    """
    return f"{url}{RETRIES}"


def written(url: str | None) -> str:
    """Return a URL as a setting of Twilio's has it, which is empty where there is none."""
    return with_retries(url) if url else ""


def read_back(url: str | None) -> str | None:
    """Return the URL that a setting of Twilio's holds, as it was handed out."""
    return (url or "").removesuffix(RETRIES) or None
