"""The exact requests to Resend, over a real connection, and what its answers mean."""

import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from plugins.resend.tests.api import api, ask
from plugins.resend.tests.vendor import HUB, ID, KEY, MAIL, PERSON, domains, refusal, sent
from trunkline.sdk import (
    Account,
    AuthFailed,
    DeliveryStatus,
    Media,
    OutcomeUnknown,
    ProviderError,
    Receipt,
    Rejected,
    Report,
    RetryLater,
)
from trunkline.testing import Canned

WHOLE = replace(
    MAIL,
    sender_name='Doe, "Acme" GmbH & Söhne',
    html="<p>Héllo</p>",
    cc=("boss@people.example", "more@people.example"),
    bcc=("hidden@people.example",),
    reply_to="answers@acme.example",
    in_reply_to="<b@people.example>",
    references=("<a@people.example>", "<b@people.example>"),
    headers={"Auto-Submitted": "auto-replied"},
    media=(
        Media(url="https://media.example/a?x=1&y=2", name="räport.pdf", content_type="text/pdf"),
        Media(url="https://media.example/b.png"),
    ),
)


# --- sending --------------------------------------------------------------------------------------


async def test_a_mail_is_posted_with_its_key() -> None:
    resend = api({"id": ID})

    receipt = await resend.ask(lambda each: each.send(MAIL))

    assert receipt == Receipt(provider_id=ID, status=DeliveryStatus.SENT)
    (asked,) = resend.asked
    assert (asked.method, asked.path) == ("POST", "/emails")
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.headers["Idempotency-Key"] == MAIL.idempotency_key
    assert asked.headers["User-Agent"]  # without one Resend's edge refuses it
    assert asked.json == {
        "from": HUB,
        "to": [PERSON],
        "subject": "Your order, grüße",
        "text": "Héllo, wörld 👋",
        "headers": {"Message-ID": "<msg_1@hub.example>", "References": "<msg_1@hub.example>"},
    }


async def test_domains_go_out_in_ascii_which_is_all_that_resend_can_send_to() -> None:
    resend = api({"id": ID})
    foreign, plain = "Ünal@München.example", "Ünal@xn--mnchen-3ya.example"
    mail = replace(WHOLE, sender=foreign, recipient=foreign, cc=(foreign,), bcc=(foreign,))

    await resend.ask(lambda each: each.send(replace(mail, sender_name="Ünal", reply_to=foreign)))

    asked = resend.asked[0].json
    assert asked["from"] == f"Ünal <{plain}>"
    assert asked["reply_to"] == plain
    assert asked["to"] == asked["cc"] == asked["bcc"] == [plain]


async def test_every_part_of_a_mail_goes_along() -> None:
    resend = api({"id": ID})

    await resend.ask(lambda each: each.send(WHOLE))

    assert resend.asked[0].json == {
        "from": f'"Doe, \\"Acme\\" GmbH & Söhne" <{HUB}>',
        "to": [PERSON],
        "cc": ["boss@people.example", "more@people.example"],
        "bcc": ["hidden@people.example"],
        "reply_to": "answers@acme.example",
        "subject": "Your order, grüße",
        "text": "Héllo, wörld 👋",
        "html": "<p>Héllo</p>",
        "headers": {
            "Auto-Submitted": "auto-replied",
            "Message-ID": "<msg_1@hub.example>",
            "In-Reply-To": "<b@people.example>",
            "References": "<a@people.example> <b@people.example> <msg_1@hub.example>",
        },
        "attachments": [
            {
                "path": "https://media.example/a?x=1&y=2",
                "filename": "räport.pdf",
                "content_type": "text/pdf",
            },
            {"path": "https://media.example/b.png"},
        ],
    }


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    "part", ["recipient", "subject", "sender_name", "reply_to", "message_id", "in_reply_to"]
)
async def test_a_line_break_in_a_header_is_refused_before_anything_is_sent(
    part: str, line_break: str
) -> None:
    resend = api({"id": ID})
    evil = replace(WHOLE, **{part: f"x{line_break}Bcc: thief@elsewhere.example"})  # type: ignore[arg-type]

    with pytest.raises(Rejected, match="line break"):
        await resend.ask(lambda each: each.send(evil))

    assert resend.asked == []


async def test_a_text_may_have_as_many_lines_as_it_likes() -> None:
    resend = api({"id": ID})

    await resend.ask(lambda each: each.send(replace(WHOLE, body="a\r\nb", html="<p>\n</p>")))

    assert (resend.asked[0].json["text"], resend.asked[0].json["html"]) == ("a\r\nb", "<p>\n</p>")


async def test_a_plain_name_needs_no_quotes() -> None:
    resend = api({"id": ID})

    await resend.ask(lambda each: each.send(replace(MAIL, sender_name="Acme Söhne")))

    assert resend.asked[0].json["from"] == f"Acme Söhne <{HUB}>"


async def test_every_attempt_at_a_mail_has_the_same_body_or_its_key_would_not_count() -> None:
    first, second = api({"id": ID}), api({"id": ID})

    await first.ask(lambda each: each.send(WHOLE))
    await second.ask(lambda each: each.send(WHOLE))

    assert first.asked[0].body == second.asked[0].body


@pytest.mark.parametrize(
    "answer",
    [
        refusal(200, "validation_error"),
        refusal(200, "rate_limit_exceeded"),
        Canned(status=200, json={"data": {"id": ID}}),
        Canned(status=200, json={"id": None}),
        Canned(status=200, json={"id": ""}),
        Canned(status=200, json={"id": "x" * 129}),
        Canned(status=200, content=b"<html>OK</html>"),
        Canned(status=200, content=b'{"id": "49a3999c-0ce1'),
        Canned(status=200, content=b""),
        Canned(status=200, content=b"\xff\xfe"),
        Canned(status=302, headers={"Location": "https://elsewhere.example"}),
        Canned(status=408),
        Canned(status=500, content=b"<html>"),
        refusal(500, "internal_server_error"),
        refusal(503, "application_error"),
    ],
)
async def test_an_answer_that_proves_nothing_leaves_the_outcome_unknown(answer: Canned) -> None:
    resend = api(answer)

    with pytest.raises(OutcomeUnknown) as caught:
        await resend.ask(lambda each: each.send(MAIL))

    assert len(resend.asked) == 1, "the hub sends it again, not the adapter"
    assert PERSON not in f"{caught.value}{caught.value.__cause__}"


async def test_an_answer_that_is_cut_off_leaves_the_outcome_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        await api({"id": ID}, promised=100_000).ask(lambda each: each.send(MAIL))


async def test_a_port_where_nobody_listens_is_safe_to_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(RetryLater):
        await ask(f"http://127.0.0.1:{port}", lambda each: each.send(MAIL))


@pytest.mark.parametrize(
    ("status", "name"),
    [(401, "restricted_api_key"), (422, "validation_error"), (429, "x"), (500, "x"), (418, "x")],
)
async def test_nothing_personal_and_no_key_stands_in_an_error_or_the_log(
    status: int, name: str
) -> None:
    resend = api(refusal(status, name, f"{PERSON} {HUB} {KEY} {MAIL.body} {MAIL.subject}"))

    with pytest.raises(ProviderError) as caught:
        await resend.ask(lambda each: each.send(MAIL))

    told = f"{caught.value}{caught.value.provider_code}{caught.value.__cause__}{resend.log.events}"
    assert not [each for each in (PERSON, HUB, KEY, MAIL.body, MAIL.subject) if each in told]


# --- looking up -----------------------------------------------------------------------------------


async def test_a_mail_is_looked_up_by_its_id() -> None:
    resend = api(sent())

    found = await resend.ask(lambda each: each.fetch(ID))

    assert (resend.asked[0].method, resend.asked[0].path) == ("GET", f"/emails/{ID}")
    assert resend.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert found == Report(
        provider_id=ID,
        sender=HUB,
        recipient=PERSON,
        status=DeliveryStatus.DELIVERED,
        vendor_status="delivered",
        created_at=datetime(2026, 1, 15, 12, 0, 0, 500_000, tzinfo=UTC),
        body="Héllo, wörld 👋",
        message_ref="<0100018f-1@email.amazonses.com>",
    )


WORDS = {
    "queued": ("sent", None),
    "scheduled": ("sent", None),
    "sent": ("sent", None),
    "delivery_delayed": ("sent", None),
    "delivered": ("delivered", None),
    "opened": ("delivered", None),
    "clicked": ("delivered", None),
    "complained": ("delivered", "complained"),
    "bounced": ("failed", "bounced"),
    "suppressed": ("failed", "suppressed"),
    "failed": ("failed", "failed"),
    "canceled": ("failed", "canceled"),
    "pondering": (None, None),
}
"""What each last_event of Resend's specification means, and one that it has not."""


@pytest.mark.parametrize("word", WORDS)
async def test_a_mail_looked_up_got_no_further_than_resend_says(word: str) -> None:
    found = await api(sent(last_event=word)).ask(lambda each: each.fetch(ID))

    assert found is not None
    assert (found.status, found.error_code) == WORDS[word]
    assert found.vendor_status == word


async def test_a_mail_that_resend_does_not_know_is_none() -> None:
    missing = refusal(404, "not_found", "Email not found")

    assert await api(missing).ask(lambda each: each.fetch(ID)) is None


@pytest.mark.parametrize(
    "answer",
    [
        Canned(status=404, content=b"<html>not found</html>"),
        Canned(status=404, json={"error": "x"}),
        refusal(404, "validation_error"),
        refusal(400, "not_found"),
        refusal(200, "not_found"),
        Canned(status=200, json={}),
        Canned(status=200, json=sent(created_at=f"yesterday, {PERSON}")),
        Canned(status=200, json=sent(created_at="2026-01-15 12:00:00")),
        Canned(status=200, json=sent(to=[])),
        Canned(status=200, json=sent(last_event=PERSON)),
        Canned(status=200, json=sent(id="")),
    ],
)
async def test_what_is_not_resends_word_does_not_prove_that_nothing_was_sent(
    answer: Canned,
) -> None:
    with pytest.raises(ProviderError) as caught:
        await api(answer).ask(lambda each: each.fetch(ID))

    assert PERSON not in f"{caught.value}{caught.value.__cause__}"


async def test_an_id_cannot_lead_to_another_resource() -> None:
    resend = api(sent())

    await resend.ask(lambda each: each.fetch("../domains?x="))

    assert resend.asked[0].path == "/emails/..%2Fdomains%3Fx%3D"


# --- the account ----------------------------------------------------------------------------------


async def test_an_account_whose_domains_are_verified_needs_nothing() -> None:
    resend = api(domains(("acme.example", "verified"), ("mail.acme.example", "verified")))

    assert await resend.ask(lambda each: each.verify()) == Account()
    assert [(each.method, each.path) for each in resend.asked] == [("GET", "/domains?limit=100")]


@pytest.mark.parametrize(
    "status", ["pending", "failed", "not_started", "partially_verified", "partially_failed", "new"]
)
async def test_a_domain_that_is_not_verified_is_told_to_the_operator(status: str) -> None:
    resend = api(domains(("acme.example", "verified"), ("new.example", status)))

    account = await resend.ask(lambda each: each.verify())

    (note,) = account.notes
    assert note == (
        f"The domain new.example is not verified ({status.replace('_', ' ')}): "
        "set its DNS records as resend.com/domains shows them."
    )


async def test_an_account_without_a_domain_is_told_to_the_operator() -> None:
    account = await api(domains()).ask(lambda each: each.verify())

    assert "No domain is set up" in account.notes[0]


async def test_a_key_that_may_only_send_holds_and_what_it_lacks_is_told() -> None:
    restricted = refusal(
        401, "restricted_api_key", "This API key is restricted to only send emails"
    )

    account = await api(restricted).ask(lambda each: each.verify())

    assert "may only send" in account.notes[0]


@pytest.mark.parametrize(
    ("status", "name"),
    [(400, "validation_error"), (401, "validation_error"), (403, "invalid_api_key")],
)
async def test_a_key_that_resend_does_not_know_does_not_hold(status: int, name: str) -> None:
    with pytest.raises(AuthFailed):
        await api(refusal(status, name, "API key is invalid")).ask(lambda each: each.verify())


@pytest.mark.parametrize(
    "answer",
    [
        Canned(status=200, content=b"<html>"),
        Canned(status=200, json={"data": None}),
        Canned(status=200, json=domains(("no domain", "verified"))),
        Canned(status=200, json=domains(("acme.example", "Not verified"))),
        refusal(200, "restricted_api_key"),
    ],
)
async def test_a_list_of_domains_that_cannot_be_read_says_nothing(answer: Canned) -> None:
    with pytest.raises(OutcomeUnknown):
        await api(answer).ask(lambda each: each.verify())
