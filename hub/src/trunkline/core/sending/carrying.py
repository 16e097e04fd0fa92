"""Whether a provider can carry media that the hub has: how large they are, how it gets them."""

from collections.abc import Sequence
from dataclasses import replace

from trunkline.core.connections.registry import Connection
from trunkline.core.gate.acts import Reviewed
from trunkline.core.media.models import Medium
from trunkline.core.problems import Invalid, Missing
from trunkline.sdk import Capability


def carrying(reviewed: Reviewed, media: Sequence[Medium], *, is_public: bool) -> Reviewed:
    """
    Return an act whose candidates can all carry some media, and what will be spoken.

    Raises:
        Invalid: The first of them takes no media so large.
        Missing: It fetches them from the hub, which has no public URL.
    """
    length = sum(each.length or 0 for each in media)
    act = reviewed.act
    speaks = act.rules.sound is not None and act.content.voice is not None
    if not ((media or speaks) and reviewed.candidates):
        return reviewed
    first, *others = reviewed.candidates
    most = first.spec.most_media_bytes
    if most is not None and length > most:
        raise Invalid(
            "mediaUrl",
            f"the provider '{first.spec.name}' takes at most {most:,} bytes of media in a message.",
        )
    if not _reaches(first, is_public=is_public):
        raise Missing(
            f"The provider '{first.spec.name}' fetches media from the hub, which has no public "
            "URL: set server.public_url to the https address that leads to it."
        )
    able = tuple(
        each
        for each in others
        if _reaches(each, is_public=is_public) and length <= (each.spec.most_media_bytes or length)
    )
    return replace(reviewed, candidates=(first, *able))


def _reaches(connection: Connection, *, is_public: bool) -> bool:
    """Tell whether what goes over a connection can be read by whoever sends it on."""
    spec = connection.spec
    return is_public or spec.simulated or Capability.MEDIA_OPEN in spec.capabilities
