"""The doctor says what is well, what is not, and what to do about it."""

import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.databases import SQLITE
from tests.flows.hubs import DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.networks import BOB, WIRE, Network, Vendor
from tests.processes import free_port
from trunkline.core.connections.clocks import VendorClocks
from trunkline.core.doctor.counts import Counts, findings
from trunkline.sdk import RetryLater, SystemClock
from trunkline.testing import FakeClock

pytestmark = pytest.mark.both(slow=True)

Findings = dict[str, tuple[str, str]]


async def examined(hub: Served) -> Findings:
    """Return each finding's verdict and sentence by its subject."""
    found = (await hub.local("doctor"))["findings"]
    return {each["subject"]: (each["verdict"], each["sentence"]) for each in found}


@pytest.mark.both
async def test_a_hub_that_is_well_is_told_so_line_by_line(served: Served, ann: Caller) -> None:
    sent = await ann.send(HANDSET, "hello")
    await served.until_status(ann, sent["messageId"], "delivered")
    await Vendor(served).tell("/webhooks/ann/sms", b"garbled")

    found = await examined(served)

    verdicts = {
        subject: verdict for subject, (verdict, _) in found.items() if "local-voice" not in subject
    }  # which needs an engine
    assert verdicts == {
        "disk": "ok",
        "connection local-storage (storage)": "ok",
        "database": "ok",
        "clock": "ok",
        "inbound": "ok",
        "dead letters": "look",
        "outbound": "ok",
        "jobs": "ok",
        "tokens": "ok",
        "connection demo (telephony)": "ok",
        "connection demo (email)": "ok",
        "connection demo (whatsapp)": "ok",
        "connection demo (tts)": "ok",
        "connection demo (stt)": "ok",
        "connection demo (storage)": "ok",
        "public URL": "look",  # it is on loopback
    }
    assert found["inbound"][1] == "received 2 = handled 1 + ignored 0 + dead 1 + waiting 0"
    assert found["outbound"][1] == "delivered 1"
    assert "sms.send" in found["connection demo (telephony)"][1]
    for kind, what in (("email", "email.send"), ("whatsapp", "whatsapp.send")):
        told = found[f"connection demo ({kind})"][1]
        assert what in told
        assert "sms.send" not in told
    assert "this machine only" in found["public URL"][1]


async def test_an_examination_names_no_number_and_no_text(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "Zanzibar")

    told = str(await examined(served))

    assert HANDSET not in told
    assert "Zanzibar" not in told


async def test_events_that_do_not_balance_are_bad(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, "+12025550101", "hello")
    await served.change("UPDATE inbound_events SET state = 'received'")
    without_end = await examined(served)
    await served.change("UPDATE inbound_events SET state = 'handled'")
    await served.change("DELETE FROM messages")
    without_message = await examined(served)

    assert without_end["inbound"][0] == without_message["inbound"][0] == "bad"
    assert "1 events have no end" in without_end["inbound"][1]
    assert "1 texts were handled, but there are 0 messages" in without_message["inbound"][1]


async def test_a_send_that_nobody_is_at_work_on_is_bad(served: Served, ann: Caller) -> None:
    sent = await ann.send(HANDSET, "hello")
    await served.until_status(ann, sent["messageId"], "delivered")
    await served.change(
        "UPDATE messages SET status = 'sending', updated_at = :then WHERE id = :id",
        then="2026-01-01T00:00:00.000000Z" if served.database == SQLITE else _at(2026),
        id=sent["messageId"],
    )

    assert (await examined(served))["sending"][0] == "bad"


def _at(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


async def test_flagged_messages_and_dead_forwards_ask_for_a_look(
    served: Served, ann: Caller
) -> None:
    sent = await ann.send(HANDSET, "hello")
    await served.until_status(ann, sent["messageId"], "delivered")
    await served.change("UPDATE messages SET flag = 'unknown'")

    found = await examined(served)

    assert found["flagged"][0] == "look"
    assert f"1 messages wait for a person, such as {sent['messageId']}" in found["flagged"][1]
    assert "`trunkline messages list --flagged`" in found["flagged"][1]


def test_where_messages_are_unknown_the_doctor_says_how_to_list_them() -> None:
    (told,) = [
        each for each in findings(counts(outbound={"unknown": 2})) if "unknown 2" in each.sentence
    ]

    assert "`trunkline messages list --status unknown`" in told.sentence
    assert not any("--status" in each.sentence for each in findings(counts(outbound={"sent": 2})))


def counts(**counted: Any) -> Counts:
    """Return the counts of a hub in which nothing ever happened, but for some."""
    nothing: dict[str, Any] = {
        "events": {},
        "texts_handled": 0,
        "texts_in": 0,
        "outbound": {},
        "flagged": 0,
        "examples": (),
        "stuck": 0,
        "overdue": 0,
        "forwards": {},
        "resting": (),
    }
    return Counts(**{**nothing, **counted})


@pytest.mark.parametrize(
    ("counted", "subject", "verdict"),
    [
        ({"overdue": 3}, "jobs", "look"),
        ({"forwards": {"dead": 2, "waiting": 1}}, "forwards", "look"),
        ({"forwards": {"waiting": 1}}, "forwards", "ok"),
        ({"resting": ("wire",)}, "connection wire", "look"),
    ],
)
def test_what_waits_is_told(counted: dict[str, Any], subject: str, verdict: str) -> None:
    found = {each.subject: each.verdict.value for each in findings(counts(**counted))}

    assert found[subject] == verdict
    assert subject == "jobs" or subject not in {each.subject for each in findings(counts())}


async def test_jobs_that_nobody_takes_are_told(start_hub: StartHub) -> None:
    async def busy(sms: object) -> Any:
        raise RetryLater("Busy.", retry_after_s=5)

    network, clock = Network(busy), FakeClock()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", "+14155552671")
        await ann.try_send(BOB, "hello")
        before = await examined(hub)
        await hub.change("UPDATE engine_jobs SET executor = NULL, due_at = :then", then=_text(hub))
        after = await examined(hub)

    assert before["jobs"][0] == "ok"
    assert after["jobs"][0] == "look"


def _text(hub: Served) -> object:
    return "2026-01-15T11:00:00.000000Z" if hub.database == SQLITE else _at(2026)


@pytest.mark.both
@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_machine_whose_clock_is_wrong_is_told(start_hub: StartHub, hours: int) -> None:
    class Wrong(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=hours)

    async with start_hub(clock=Wrong()) as hub:
        verdict, sentence = (await examined(hub))["clock"]

    assert verdict == "look"
    assert "3600 s apart" in sentence


async def test_a_disk_that_is_almost_full_is_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")  # noqa: PYI024 - as the standard library's own
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(499 * 1024**2))

    verdict, sentence = (await examined(served))["disk"]

    assert verdict == "look"
    assert "499 MB are free" in sentence


async def test_a_database_that_takes_no_writes_is_bad_and_the_rest_is_told_all_the_same(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trunkline.sdk import DatabaseFailed

    async def refuse(fn: Callable[[Any], Any], *, key: str | None = None) -> Any:
        raise DatabaseFailed("The disk is full and nothing was stored.")

    monkeypatch.setattr(served.running.hub.db, "write", refuse)

    found = await examined(served)

    assert found["database"][0] == "bad"
    assert "disk is full" in found["database"][1]
    assert "inbound" not in found
    assert found["connection demo (telephony)"][0] == "ok"


async def test_a_database_of_another_revision_is_bad(served: Served) -> None:
    await served.change("UPDATE alembic_version SET version_num = '9999'")

    assert (await examined(served))["database"][0] == "bad"


# --- connections ----------------------------------------------------------------------------------

WITHOUT_PLUGIN = """
[slots]
telephony = "pigeon"
"""
FAULTY = """
[slots]
telephony = "demo"
[providers.demo]
latency_ms = "fast"
"""


@pytest.mark.parametrize(
    ("toml", "subject", "verdict"),
    [
        (WITHOUT_PLUGIN, "connection pigeon", "bad"),
        (FAULTY, "connection demo (telephony)", "bad"),
        ("", "connections", "look"),
    ],
)
async def test_a_connection_that_cannot_be_used_is_told(
    start_hub: StartHub, toml: str, subject: str, verdict: str
) -> None:
    async with start_hub(toml=toml) as hub:
        assert (await examined(hub))[subject][0] == verdict


async def test_a_connection_that_could_not_be_opened_is_bad(start_hub: StartHub) -> None:
    network = Network(openings=[RuntimeError("no")] * 9)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", "+14155552671")
        await ann.try_send(BOB, "hello")

        assert (await examined(hub))["connection wire (telephony)"][0] == "bad"


# --- the public URL -------------------------------------------------------------------------------


def _called(url: str) -> str:
    return DEMO.replace("[server]", f'[server]\npublic_url = "{url}"')


async def test_a_public_url_where_nobody_answers_is_bad(start_hub: StartHub) -> None:
    async with start_hub(toml=_called(f"http://127.0.0.1:{free_port()}")) as hub:
        verdict, sentence = (await examined(hub))["public URL"]

    assert verdict == "bad"
    assert "cannot be asked" in sentence


async def test_a_public_url_that_leads_to_another_hub_is_bad(
    start_hub: StartHub, served: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.flows.hubs import serve

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    async with serve(elsewhere, toml=_called(served.base_url)) as hub:
        verdict, sentence = (await examined(hub))["public URL"]

    assert verdict == "bad"
    assert "Somebody else answers" in sentence


async def test_only_a_question_of_the_right_form_is_answered(served: Served) -> None:
    for question in ("", "x" * 32, "0" * 31, "0" * 33, "0" * 5000):
        told = (await served.client.get("/health", params={"probe": question})).json()
        assert "probe" not in told

    answers = [
        (await served.client.get("/health", params={"probe": digit * 32})).json()["probe"]
        for digit in "001"
    ]
    assert answers[0] == answers[1] != answers[2]


async def test_case_c2_a_provider_whose_clock_is_off_is_named(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VendorClocks, "ahead", lambda *_: timedelta(seconds=-120))

    told = [each["sentence"] for each in (await served.local("doctor"))["findings"]]

    assert any("clock is 120 s behind this machine's" in sentence for sentence in told)
