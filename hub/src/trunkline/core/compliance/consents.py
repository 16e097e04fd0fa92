"""What the hub knows of a recipient for those that judge: consents, and lists not to call."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from trunkline.core.addresses import canonical
from trunkline.core.compliance.people import same_person
from trunkline.core.compliance.places import place_of
from trunkline.db.hot import Hot, Question, Rows, both, question
from trunkline.db.schema import consents, do_not_call
from trunkline.sdk import Consent, MessageClass, Place, PlaceSource

_CONSENTS = Hot(
    sa.select(
        consents.c.channel,
        consents.c.message_class,
        consents.c.written,
        consents.c.artificial_voice,
        consents.c.given_at,
        consents.c.state,
        consents.c.zone,
    )
    .where(
        consents.c.workspace_id == sa.bindparam("workspace_id"),
        sa.or_(
            consents.c.address == sa.bindparam("address"),
            consents.c.address.in_(
                same_person(sa.bindparam("workspace_id"), sa.bindparam("address"))
            ),
        ),
        consents.c.revoked_at.is_(None),
    )
    .order_by(consents.c.given_at.desc())
)
_LISTS = Hot(
    sa.select(do_not_call.c.list).where(
        do_not_call.c.workspace_id == sa.bindparam("workspace_id"),
        do_not_call.c.number_hash == sa.bindparam("number_hash"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a recipient; `lists` are those of numbers not to call that have theirs."""

    place: Place
    consents: tuple[Consent, ...] = ()
    lists: tuple[str, ...] = ()


def known_of(workspace_id: str, address: str, number_hash: bytes) -> Question[Known]:
    """Ask what is known of whoever has an address; what they said of where they live counts."""
    key = {"workspace_id": workspace_id, "address": canonical(address)}
    agreed = question(_CONSENTS, key, lambda rows: rows)
    lists = question(
        _LISTS,
        {"workspace_id": workspace_id, "number_hash": number_hash},
        lambda rows: tuple(sorted(row[0] for row in rows)),
    )
    return both(agreed, lists).then(lambda told: _known(address, *told))


def _known(address: str, rows: Rows, lists: tuple[str, ...]) -> Known:
    place, agreed = place_of(address), []
    for channel, message_class, written, artificial_voice, given_at, state, zone in rows:
        agreed.append(_consent(channel, message_class, written, artificial_voice, given_at))
        if (state or zone) and place.source is not PlaceSource.CONSENT:  # the newest comes first
            place = Place(
                country=place.country or "US",
                state=state,
                zones=(zone,) if zone else () if state != place.state else place.zones,
                source=PlaceSource.CONSENT,
            )
    return Known(place=place, consents=tuple(agreed), lists=lists)


def _consent(
    channel: str | None,
    message_class: str | None,
    written: bool,
    artificial_voice: bool,
    given_at: datetime,
) -> Consent:
    return Consent(
        channel=channel,
        message_class=None if message_class is None else MessageClass(message_class),
        written=bool(written),
        artificial_voice=bool(artificial_voice),
        given_at=given_at,
    )
