"""The mailboxes: what they refuse, what they keep, and when they keep silent."""

import pytest

from plugins.demo.tests.wire import Demo, problem
from trunkline_demo.mailbox import MAX_MAILS

BOX = "/demo/mailboxes/anna@people.example"
MAILS = f"{BOX}/mails"
MAIL = {"to": "bea@people.example", "subject": "Hello", "body": "Hi."}
MARK = "canary"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (MAILS, {}),
        (MAILS, {**MAIL, "to": MARK}),
        (MAILS, {**MAIL, "to": f"{MARK}@a.example\r\nBcc: eve@elsewhere.example"}),
        (MAILS, {**MAIL, "subject": ""}),
        (MAILS, {**MAIL, "subject": f"{MARK}\r\nBcc: eve@elsewhere.example"}),
        (MAILS, {**MAIL, "body": " "}),
        (MAILS, {**MAIL, "body": MARK * 10_000}),
        (MAILS, {**MAIL, "cc": [MARK]}),
        (MAILS, {**MAIL, "bcc": ["a@b.example"] * 21}),
        (MAILS, {**MAIL, "replyTo": MARK}),
        (MAILS, {**MAIL, "forward": MARK}),
        (MAILS, {**MAIL, MARK: 1}),
        ("/demo/mailboxes/ava@agents.example/mails", MAIL),
        (f"/demo/mailboxes/{MARK}/mails", MAIL),
        (f"{BOX}/mode", {"mode": MARK}),
        ("/demo/handsets/anna@people.example/reply", {"body": "Hi."}),
        ("/demo/handsets/anna@people.example/reply", {"body": "Hi.", "channel": "sms"}),
    ],
)
async def test_what_is_invalid_is_refused_and_not_echoed(
    demo: Demo, path: str, content: object
) -> None:
    async with demo.opened():
        response = await demo.post(path, content)

    assert problem(response)[:2] == (422, "invalid")
    assert MARK not in response.text
    assert demo.hub.requests == []
    assert await demo.get(MAILS) == []


@pytest.mark.parametrize("what", ["trouble", "auto-reply"])
async def test_there_is_nothing_to_be_done_with_a_mail_that_is_not_there(
    demo: Demo, what: str
) -> None:
    async with demo.opened():
        own = (await demo.post(MAILS, MAIL)).json()["id"]
        for mail in ("demo-0", own):
            content = {"trouble": "no_mailbox"} if what == "trouble" else {}
            response = await demo.post(f"{MAILS}/{mail}/{what}", content)
            assert problem(response)[:2] == (404, "not_found")


async def test_a_mail_waits_for_the_hub_to_open_its_connection(demo: Demo) -> None:
    assert problem(await demo.post(MAILS, MAIL))[:2] == (503, "provider_unavailable")


async def test_what_the_hub_does_not_take_is_told_and_marked(demo: Demo) -> None:
    demo.hub.answer = 503
    async with demo.opened():
        told = (await demo.post(MAILS, {**MAIL, "to": "ava@agents.example"})).json()
    (kept,) = await demo.get(MAILS)

    assert (told["status"], told["httpStatus"]) == ("refused", 503)
    assert (kept["status"], kept["reason"]) == ("failed", "The hub did not take it.")


async def test_a_mailbox_keeps_its_newest_mails_only(demo: Demo) -> None:
    async with demo.opened():
        for number in range(MAX_MAILS + 1):
            await demo.post(MAILS, {**MAIL, "subject": str(number)})
    kept = await demo.get(MAILS)

    assert len(kept) == MAX_MAILS
    assert (kept[0]["subject"], kept[-1]["subject"]) == (str(MAX_MAILS), "1")


async def test_a_mailbox_keeps_no_more_bytes_than_it_may(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline_demo.mailbox.MAX_BYTES", 100_000)
    async with demo.opened():
        for number in range(3):
            await demo.post(MAILS, {**MAIL, "subject": str(number), "html": "x" * 40_000})

    assert [each["subject"] for each in await demo.get(MAILS)] == ["2", "1"]


async def test_nobody_is_told_of_an_absence_who_was_sent_a_hidden_copy(demo: Demo) -> None:
    async with demo.opened():
        await demo.post("/demo/mailboxes/bea@people.example/mode", {"mode": "away"})
        await demo.post(MAILS, {**MAIL, "to": "cee@people.example", "bcc": [MAIL["to"]]})
        hidden = await demo.get("/demo/mailboxes/bea@people.example/mails")
        await demo.post(MAILS, MAIL)
        named = await demo.get("/demo/mailboxes/bea@people.example/mails")

    assert [each["direction"] for each in hidden] == ["inbound"]
    assert [each["direction"] for each in named] == ["outbound", "inbound", "inbound"]
    assert named[0]["automatic"] is True


async def test_a_mail_is_passed_on_with_what_it_said(demo: Demo) -> None:
    async with demo.opened():
        first = (await demo.post(MAILS, MAIL)).json()["id"]
        await demo.post(MAILS, {"to": "cee@people.example", "forward": first})
    (passed,) = await demo.get("/demo/mailboxes/cee@people.example/mails")

    assert passed["subject"] == "Fwd: Hello"
    assert "From: anna@people.example" in str(passed["body"])
    assert str(passed["body"]).endswith("Hi.")
