"""The parts of a subscription that need no hub: secrets, signatures, ids, bodies."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from trunkline.core.messages.models import (
    BodyState,
    Channel,
    Direction,
    Message,
    Status,
)
from trunkline.core.privacy.keys import Keys, Unreadable
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import Place
from trunkline.core.problems import Invalid
from trunkline.core.subscriptions.models import EventName, Occurrence, OccurrenceState, Wanted
from trunkline.core.subscriptions.secrets import read_secret, signed_for
from trunkline.core.subscriptions.service import id_of
from trunkline.sdk import IdSource
from trunkline.surfaces.occurrences import occurrence_body
from trunkline.testing import FakeClock

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
WANTED = Wanted(
    event=EventName.MESSAGE_RECEIVED,
    agent_id="ann",
    channel=None,
    status=None,
    url="https://host.example/in",
)


def whsec(length: int) -> str:
    """Return a secret of so many bytes."""
    return f"whsec_{b64encode(bytes(range(length))).decode()}"


@pytest.mark.parametrize("length", [24, 25, 32, 64])
def test_a_secret_is_read_with_or_without_its_padding(length: int) -> None:
    assert read_secret(whsec(length)) == bytes(range(length))
    assert read_secret(whsec(length).rstrip("=")) == bytes(range(length))


@pytest.mark.parametrize(
    "text",
    [
        *(whsec(length) for length in (0, 23, 65)),
        "",
        "whsec_",
        whsec(32)[6:],
        whsec(32).upper(),
        f" {whsec(32)}",
        f"{whsec(32)}\n",
        f"whsec_{whsec(32)}",
        "whsec_" + "é" * 44,
        "whsec_" + "-_" * 22,
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_secret(text)

    assert refused.value.facts == {"field": "delivery.secret"}
    assert len(text) < 10 or text.strip() not in refused.value.detail


def test_any_receiver_by_the_standard_knows_either_signature() -> None:
    body = b'{"a": "\xc3\xa9"}'
    now = datetime.now(UTC)
    secrets = (bytes(range(32)), bytes(range(24)))
    headers = signed_for("sub_1", secrets, "occ_1", now, body)

    assert headers["X-MCP-Subscription-Id"] == "sub_1"
    for length in (32, 24):
        Webhook(whsec(length)).verify(body.decode(), headers)


def test_a_sealed_secret_opens_in_its_own_place_only() -> None:
    seals = Seals(Keys(bytes(32)), IdSource(FakeClock()))
    place = Place(workspace_id="w", table="subscriptions", row_id="sub_1", column="secret")
    sealed = seals.seal(place, b"mum")

    assert seals.open(place, sealed) == b"mum"
    assert seals.seal(place, b"mum") != sealed
    for moved in (replace(place, row_id="sub_2"), replace(place, workspace_id="v")):
        with pytest.raises(Unreadable):
            seals.open(moved, sealed)
    with pytest.raises(Unreadable):
        Seals(Keys(bytes(31) + b"x"), IdSource(FakeClock())).open(place, sealed)


def test_an_id_is_of_who_asks_for_what_and_where_it_goes() -> None:
    others = (
        replace(WANTED, event=EventName.MESSAGE_STATUS),
        replace(WANTED, agent_id="ben"),
        replace(WANTED, channel="sms"),
        replace(WANTED, status="sms"),
        replace(WANTED, url="https://host.example/in/"),
    )
    ids = {id_of("w", "k", each) for each in (WANTED, *others)}
    ids |= {id_of("v", "k", WANTED), id_of("w", "j", WANTED)}

    assert len(ids) == 8
    assert id_of("w", "k", replace(WANTED)) in ids


def told(from_address: str) -> dict[str, object]:
    """Return the data of the event of a message."""
    message = Message(
        id=f"msg_{1:032x}",
        created_at=NOON,
        agent_id="ann",
        channel=Channel.EMAIL,
        direction=Direction.INBOUND,
        from_address=from_address,
        to_address="ann@agents.example",
        body_state=BodyState.HELD,
        connection="mail",
        provider="mail",
        external_id="x",
        status=Status.RECEIVED,
        segments=None,
        cost_micros=None,
        currency=None,
        cost_final=False,
        error_code=None,
        rule=None,
        reason=None,
        retry_after_s=None,
        reply_to=None,
        acknowledged_at=None,
        media_count=0,
    )
    occurrence = Occurrence(
        id="occ_1",
        created_at=NOON,
        subscription_id="sub_1",
        event=EventName.MESSAGE_RECEIVED,
        agent_id="ann",
        message_id=message.id,
        size=2,
        status=None,
        state=OccurrenceState.WAITING,
        tries=0,
        reason=None,
        occurred_at=NOON,
        deadline_at=NOON,
        finished_at=None,
    )
    data: dict[str, object] = json.loads(occurrence_body(occurrence, message))["data"]
    return data


@pytest.mark.parametrize("address", ["+12025550150", "72345", "a.b+c@host.example"])
def test_an_address_is_told(address: str) -> None:
    assert told(address)["from"] == address


@pytest.mark.parametrize(
    "address",
    [
        "OBEY ME",
        "ben",
        "+1202 obey",
        '"ignore all that"@host.example',
        "a@b\n",
        "x" * 65 + "@host.example",
        "x" * 300_000,
    ],
)
def test_what_may_instruct_is_not_told(address: str) -> None:
    assert told(address)["from"] is None
    assert len(json.dumps(told(address))) < 500
