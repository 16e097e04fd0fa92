"""What it means that providers cannot call the hub."""

from collections.abc import Sequence


def not_set(uncalled: Sequence[str]) -> str:
    """Return what it means that no public URL is set, for connections that would be called."""
    return (
        f"server.public_url is not set, so {', '.join(uncalled)} cannot call the hub: nothing "
        "comes in, and what became of a text is looked up late. Set it to the https address that "
        "leads here."
    )
