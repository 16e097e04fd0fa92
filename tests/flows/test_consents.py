"""The consent ledger: what people agreed to, with its proof, and how they take it back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import Served, StartHub
from tests.flows.judges import Judging, with_filters
from tests.flows.networks import ALICE, WIRE, Network, WireWebhooks
from trunkline.sdk import PlaceSource

__all__ = ["clock"]

CARL = "+12125550123"
NOON = datetime(2027, 1, 7, 17, tzinfo=UTC)
CSV = """address,channel,messageClass,written,artificialVoice,givenAt,shown,source,state,zone
+12125550123,sms,marketing,yes,no,2026-11-01T09:00:00Z,"I agree, gladly.",7,CA,America/Los_Angeles
bob@example.com,email,,,,2026-11-02T09:00:00+01:00,,paper,,
"""


@pytest.mark.both(slow=True)
async def test_marketing_goes_out_to_whom_agreed_until_they_say_stop(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Network()
    clock.travel((NOON - clock.now()).total_seconds())
    environ = {"TRUNKLINE_RULES__DISABLED": ""}
    async with start_hub(
        plugins=network.plugins(WireWebhooks()), toml=WIRE, clock=clock, environ=environ
    ) as hub:
        ann = await hub.agent("ann", ALICE)
        before = await ann.try_send(CARL, "Sale!", messageClass="marketing")
        await hub.local(
            "consent_record", address=CARL, source="form 7", written=True, messageClass="marketing"
        )
        after = await ann.send(CARL, "Sale!", messageClass="marketing")
        for word in ("STOP", "START"):
            told = {"id": word, "from": CARL, "to": ALICE, "body": word}
            await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        again = await ann.try_send(CARL, "Sale again!", messageClass="marketing")
        (consent,) = (await hub.local("consent_show", address=CARL))["consents"]

    assert (before.status_code, before.json()["rule"]) == (403, "us-rules.consent")
    assert after["status"] == "sent"
    assert (again.status_code, again.json()["rule"]) == (403, "us-rules.consent")
    assert consent["revokedAt"] is not None
    assert (consent["source"], consent["recordedBy"]) == ("form 7", "local")


@pytest.mark.both(slow=True)
async def test_a_ledger_is_read_and_written_as_csv(start_hub: StartHub) -> None:
    judge = Judging()
    plugins = with_filters(Network().plugins(), {"careful": judge})
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        first = await hub.local("consent_import", csv=CSV)
        second = await hub.local("consent_import", csv=CSV)
        exported = (await hub.local("consent_export"))["csv"]
        third = await hub.local("consent_import", csv=exported)
        ann = await hub.agent("ann", ALICE)
        await ann.send(CARL, "hello")
        revoked = await hub.local("consent_revoke", address=CARL)
        await ann.send(CARL, "hello again")

    told, after = judge.facts
    assert (first["recorded"], second["recorded"], third["recorded"]) == (2, 0, 0)
    assert (told.place.state, told.place.zones) == ("CA", ("America/Los_Angeles",))
    assert told.place.source is PlaceSource.CONSENT
    assert [each.written for each in told.consents] == [True]
    assert (revoked["revoked"], after.consents) == (1, ())
    assert '"I agree, gladly."' in exported


@pytest.mark.parametrize(
    ("csv", "told"),
    [
        ("", "address, givenAt, source are missing"),
        ("address,source\n+12125550123,x\n", "givenAt are missing"),
        ("address,givenAt,source\nnobody,2026-11-01T09:00:00Z,x\n", "Line 2: address"),
        ("address,givenAt,source\n+12125550123,yesterday,x\n", "Line 2: givenAt"),
        ("address,givenAt,source\n+12125550123,2026-11-01T09:00:00,x\n", "Line 2: givenAt"),
        ("address,givenAt,source\n+12125550123,2999-11-01T09:00:00Z,x\n", "is in the future"),
        ("address,givenAt,source\n+12125550123,2026-11-01T09:00:00Z,\n", "Line 2: source"),
        (f"{CSV}+1999,sms,marketing\n", "Line 4:"),
        (f"{CSV}{CARL},sms,,,,2026-11-02T09:00:00Z,,x,,,and,more\n", "Line 4: it has more fields"),
        (f"{CSV}{CARL},pigeon,,,,2026-11-02T09:00:00Z,,x,,\n", "Line 4: channel"),
        (f"{CSV}{CARL},sms,spam,,,2026-11-02T09:00:00Z,,x,,\n", "Line 4: messageClass"),
        (f"{CSV}{CARL},sms,,maybe,,2026-11-02T09:00:00Z,,x,,\n", "Line 4: written"),
        (f"{CSV}{CARL},sms,,,,2026-11-02T09:00:00Z,,x,California,\n", "Line 4: state"),
        (f"{CSV}{CARL},sms,,,,2026-11-02T09:00:00Z,,x,,Mars/Crater\n", "Line 4: zone"),
        (f"{CSV}{CARL},sms,,,,2026-11-02T09:00:00Z,,x,,../../etc/passwd\n", "Line 4: zone"),
    ],
)
async def test_of_a_file_with_a_wrong_line_nothing_is_stored(
    served: Served, csv: str, told: str
) -> None:
    answer = await served.operator.post("/api/v1/tools/consent_import", json={"csv": csv})

    assert (answer.status_code, answer.json()["field"]) == (422, "csv")
    assert told in answer.json()["detail"]
    assert served.count("consents") == 0


async def test_a_file_of_bad_lines_is_told_of_by_its_first(served: Served) -> None:
    csv = "address,givenAt,source\n" + "nobody,never,x\n" * 40_000
    answer = await served.operator.post("/api/v1/tools/consent_import", json={"csv": csv})

    assert answer.status_code == 422
    assert "And 39980 more lines." in answer.json()["detail"]


async def test_a_cell_cannot_become_a_formula(served: Served) -> None:
    given: dict[str, Any] = {"address": CARL, "source": "=cmd|' /C calc'!A0", "shown": "@x"}
    await served.local("consent_record", **given)
    exported = (await served.local("consent_export"))["csv"]

    assert ",'=cmd|" in exported
    assert ",'@x," in exported
