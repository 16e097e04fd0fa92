"""A hub on Twilio: an HTTP server answers as its API does, and signs callbacks as it does."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from plugins.twilio.tests.vendor import (
    ACCOUNT,
    ANSWERS,
    FORM,
    PATH,
    SID,
    TOKEN,
    refusal,
    signature,
)  # fmt: skip
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB
from trunkline.testing import Canned

MEDIA: Final = ["https://media.example/a.jpg?sig=x%2Fy&n=2", "https://media.example/b.png"]
EMPTY_TWIML: Final = "<Response/>"


@dataclass
class Twilio:
    """Twilio's side: `answer` is what it says to a send, None that it hangs up."""

    url: str = ""
    answer: Canned | None = ANSWERS["accepted"]
    asked: list[dict[str, str]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    """The media that it was given URLs of."""

    @property
    def toml(self) -> str:
        """The settings of a hub that texts through it."""
        return f"""
[slots]
telephony = "twilio"
[providers.twilio]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
base_url = "{self.url}"
"""

    def serve(self) -> ThreadingHTTPServer:
        """Return a server on a free port of loopback."""
        twilio = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                assert self.path == f"{PATH}.json"
                fields = parse_qsl(form, keep_blank_values=True)
                twilio.asked.append(dict(fields))
                twilio.fetched += [value for name, value in fields if name == "MediaUrl"]
                if twilio.answer is None:
                    return
                answer = httpx2.Response(twilio.answer.status, json=twilio.answer.json)
                self.send_response(answer.status_code)
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        return server

    async def tell(
        self, hub: Served, url: str, fields: dict[str, str], key: str = TOKEN
    ) -> httpx2.Response:
        """Post a form to a URL, which the hub serves whatever its host is."""
        signed = signature(url, list(fields.items()), key)
        parts = urlsplit(url)
        return await hub.client.post(
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            content=urlencode(fields),
            headers={"Content-Type": FORM, "X-Twilio-Signature": signed},
        )

    async def report(self, hub: Served, status: str, **more: str) -> httpx2.Response:
        """Tell how far the last text got, at the URL that came with it."""
        last = self.asked[-1]
        fields = {
            "MessageSid": SID, "MessageStatus": status, "SmsStatus": status,
            "From": last["From"], "To": last["To"], "AccountSid": ACCOUNT, **more,
        }  # fmt: skip
        return await self.tell(hub, last["StatusCallback"], fields)


def text(body: str, **more: str) -> dict[str, str]:
    """Return a text from Bob to Ann."""
    return {
        "MessageSid": f"SM{'9' * 32}", "SmsStatus": "received", "AccountSid": ACCOUNT,
        "From": BOB, "To": ALICE, "Body": body, "NumMedia": "0", **more,
    }  # fmt: skip


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    """A running Twilio."""
    twilio = Twilio()
    server = twilio.serve()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield twilio
    server.shutdown()
    server.server_close()


@pytest.fixture
async def hub(start_hub: StartHub, twilio: Twilio) -> AsyncIterator[Served]:
    """A hub that texts through it."""
    async with start_hub(toml=twilio.toml) as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    """An agent with a number at Twilio."""
    return await hub.agent("ann", ALICE)


def steps(traced: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [
        (each["status"], each["evidence"]["source"], each["moved"]) for each in traced["history"]
    ]


# --- out ------------------------------------------------------------------------------------------


@pytest.mark.both(slow=True)
async def test_a_text_is_sent_and_reported_delivered(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    sent = await ann.send(BOB, "hello")
    (asked,) = twilio.asked
    replies = [await twilio.report(hub, word) for word in ("sent", "delivered", "delivered")]
    traced = await ann.status(sent["messageId"])

    assert (sent["status"], sent["provider"], sent["cost"]) == ("sent", "twilio", None)
    assert (asked["From"], asked["To"], asked["Body"]) == (ALICE, BOB, "hello")
    assert asked["StatusCallback"].startswith(
        f"{hub.base_url}/webhooks/ann/message-status?attempt="
    )
    assert [reply.status_code for reply in replies] == [204, 204, 204]
    assert traced["status"] == "delivered"
    assert steps(traced) == [
        ("sending", "send", True),
        ("sent", "send", True),
        ("sent", "callback", False),
        ("delivered", "callback", True),
    ]


async def test_media_are_sent_along_each_by_its_url(twilio: Twilio, ann: Caller) -> None:
    sent = await ann.send(BOB, "", mediaUrls=MEDIA)
    async with ann.mcp() as client:
        arguments = {"channel": "sms", "to": BOB, "body": "look", "mediaUrl": MEDIA[0]}
        again = await client.call_tool("comms_send_message", arguments)

    assert twilio.fetched == [*MEDIA, MEDIA[0]]
    assert [asked["Body"] for asked in twilio.asked] == ["", "look"]
    assert (sent["status"], sent["segments"], sent["cost"]) == ("sent", 1, None)
    assert again.structured_content is not None
    assert again.structured_content["status"] == "sent"


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        ("30003", "unreachable", "check the number"),
        ("30007", "content_refused", "change the words"),
        ("30034", "provider_setup", "A2P 10DLC"),
        ("30008", "not_delivered", "try once more later"),
        ("39999", "not_delivered", "39999"),
    ],
)
async def test_case_c5_a_text_that_no_phone_got_is_failed_with_what_to_do(
    hub: Served, twilio: Twilio, ann: Caller, code: str, kind: str, advice: str
) -> None:
    sent = await ann.send(BOB, "hello")
    await twilio.report(hub, "undelivered", ErrorCode=code)
    traced = await ann.status(sent["messageId"])

    assert (traced["status"], traced["errorCode"], traced["providerCode"]) == ("failed", kind, code)
    assert advice in traced["reason"]


async def test_case_c5_a_report_of_an_opt_out_closes_the_recipient(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    await ann.send(BOB, "hello")
    await twilio.report(hub, "failed", ErrorCode="21610")
    response = await ann.try_send(BOB, "hello again")

    assert (response.status_code, len(twilio.asked)) == (403, 1)


async def test_a_report_proves_a_text_whose_answer_was_lost(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    twilio.answer = None
    sent = await ann.send(BOB, "hello")
    await twilio.report(hub, "sent")

    assert sent["status"] == "unknown"
    assert (await ann.status(sent["messageId"]))["status"] == "sent"
    assert len(twilio.asked) == 1


@pytest.mark.parametrize(
    ("answer", "http_status", "code", "advice"),
    [
        (refusal(400, 21610), 403, "opted_out", "opted out"),
        (refusal(400, 21211), 422, "provider_rejected", "check it"),
        (refusal(400, 21408), 424, "provider_setup", "Geo permissions"),
        (refusal(400, 30034), 424, "provider_setup", "A2P 10DLC"),
        (refusal(403, 20003), 424, "provider_setup", "permission"),
        (refusal(401, 20003), 424, "provider_auth", "account_sid and auth_token"),
        (refusal(403, 20005), 424, "provider_credit", "add funds"),
    ],
)
async def test_case_c8_a_refusal_says_what_to_do_about_it_and_twilios_code(
    hub: Served,
    twilio: Twilio,
    ann: Caller,
    answer: Canned,
    http_status: int,
    code: str,
    advice: str,
) -> None:
    twilio.answer = answer
    response = await ann.try_send(BOB, "hello")

    assert (response.status_code, response.json()["code"]) == (http_status, code)
    assert advice in response.text
    assert f"'code': {response.json()['providerCode']}," in str(answer.json)
    assert not [private for private in (TOKEN, "+14155550199") if private in response.text]


async def test_a_text_that_is_too_soon_is_queued_and_sent_once(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    taken, twilio.answer = twilio.answer, refusal(429, 20429)
    queued = await ann.send(BOB, "hello")
    asked, twilio.answer = len(twilio.asked), taken
    traced = await hub.until_status(ann, queued["messageId"], "sent")

    assert (queued["status"], queued["retryOwner"], asked) == ("queued", "hub", 1)
    assert [step[0] for step in steps(traced)] == ["sending", "queued", "sending", "sent"]
    assert [each["Body"] for each in twilio.asked] == ["hello", "hello"]


# --- in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/webhooks/ann/sms", "/webhooks/connections/twilio/sms"])
async def test_a_text_arrives_once_however_often_it_is_told(
    hub: Served, twilio: Twilio, ann: Caller, path: str
) -> None:
    replies = [await twilio.tell(hub, f"{hub.base_url}{path}", text("Grüße")) for _ in range(2)]
    (received,) = await ann.inbox()

    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].text == EMPTY_TWIML
    assert replies[0].headers["content-type"].startswith("text/xml")
    assert (received["from"], received["to"], received["body"]) == (BOB, ALICE, "Grüße")


@pytest.mark.parametrize("number", [1, 2])
async def test_case_c10_media_that_arrive_are_shown_each_with_its_type(
    hub: Served, twilio: Twilio, ann: Caller, number: int
) -> None:
    urls = {"MediaUrl0": MEDIA[0], "MediaContentType0": "image/jpeg", "MediaUrl1": MEDIA[1]}
    told = text("", **{**urls, "NumMedia": str(number)})
    await twilio.tell(hub, f"{hub.base_url}/webhooks/ann/sms", told)
    (received,) = await ann.inbox()
    async with ann.mcp() as client:
        over_mcp = await client.call_tool("comms_get_messages", {})

    shown = {"mediaUrl": MEDIA[0], "mediaType": "image/jpeg", "mediaCount": number}
    several = {"mediaUrls": MEDIA, "mediaTypes": ["image/jpeg", None]} if number > 1 else {}
    assert {name: value for name, value in received.items() if name.startswith("media")} == {
        **shown,
        **several,
    }
    assert over_mcp.structured_content is not None
    assert over_mcp.structured_content["messages"][0]["mediaType"] == "image/jpeg"


async def test_nothing_is_sent_after_a_stop(hub: Served, twilio: Twilio, ann: Caller) -> None:
    await twilio.tell(hub, f"{hub.base_url}/webhooks/ann/sms", text("STOP"))
    response = await ann.try_send(BOB, "hello")

    assert (response.status_code, response.json()["code"]) == (403, "blocked")
    assert twilio.asked == []


async def test_a_webhook_signed_with_another_token_is_refused(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    forged = await twilio.tell(hub, f"{hub.base_url}/webhooks/ann/sms", text("STOP"), "another")

    assert forged.status_code == 403
    assert hub.count("inbound_events") == hub.count("suppressions") == 0


@pytest.mark.parametrize("path", ["/webhooks/ann/sms", "/webhooks/connections/twilio/sms"])
async def test_case_c9_a_text_to_another_account_is_refused_by_either_route(
    hub: Served, twilio: Twilio, ann: Caller, path: str
) -> None:
    told = text("hello", AccountSid=f"AC{'9' * 32}")
    refused = await twilio.tell(hub, f"{hub.base_url}{path}", told)

    assert refused.status_code == 403
    assert await ann.inbox() == []


@pytest.mark.parametrize(
    ("kind", "body"), [("STOP", "BASTA"), ("START", "SUBSCRIBE"), ("HELP", "INFO")]
)
async def test_case_c3_what_twilio_made_of_a_text_closes_and_opens(
    hub: Served, twilio: Twilio, ann: Caller, kind: str, body: str
) -> None:
    if kind == "START":
        await twilio.tell(hub, f"{hub.base_url}/webhooks/ann/sms", text("STOP"))
    told = text(body, OptOutType=kind, MessageSid=f"SM{'7' * 32}")
    await twilio.tell(hub, f"{hub.base_url}/webhooks/ann/sms", told)
    response = await ann.try_send(BOB, "hello")

    assert response.status_code == (403 if kind == "STOP" else 200)


async def test_behind_a_proxy_it_is_the_public_url_that_is_called_and_signed(
    start_hub: StartHub, twilio: Twilio
) -> None:
    public = "https://comms.example.com"
    async with start_hub(toml=f'[server]\npublic_url = "{public}"\n{twilio.toml}') as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        reported = await twilio.report(hub, "delivered")
        told = [
            await twilio.tell(hub, f"{base}/webhooks/ann/sms", text("hello"))
            for base in (public, f"{public}:443", hub.base_url)
        ]
        traced = await ann.status(sent["messageId"])

    assert twilio.asked[0]["StatusCallback"].startswith(f"{public}/webhooks/ann/")
    assert (reported.status_code, traced["status"]) == (204, "delivered")
    assert [reply.status_code for reply in told] == [200, 200, 403]


async def test_case_c11_without_a_public_url_no_callback_is_asked_for_and_the_operator_is_told(
    start_hub: StartHub, twilio: Twilio, capsys: pytest.CaptureFixture[str]
) -> None:
    async with start_hub(toml=twilio.toml, public=False) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = [await ann.send(BOB, body) for body in ("hello", "hello again")]
        found = {each["subject"]: each for each in (await hub.local("doctor"))["findings"]}
    warnings = [line for line in capsys.readouterr().err.splitlines() if "no_public_url" in line]

    assert [each["status"] for each in sent] == ["sent", "sent"]
    assert not any("StatusCallback" in asked for asked in twilio.asked)
    assert len(warnings) == 1
    assert "Set it to the https address" in warnings[0]
    assert found["public URL"]["verdict"] == "look"
    assert "server.public_url is not set, so twilio" in found["public URL"]["sentence"]


# --- settings -------------------------------------------------------------------------------------


async def test_a_setting_that_is_missing_is_named(start_hub: StartHub) -> None:
    toml = f'[slots]\ntelephony = "twilio"\n[providers.twilio]\naccount_sid = "{ACCOUNT}"\n'
    async with start_hub(toml=toml) as hub:
        ann = await hub.agent("ann", ALICE)
        response = await ann.try_send(BOB, "hello")

    assert (response.status_code, response.json()["code"]) == (424, "not_configured")
    assert "auth_token" in response.text


async def test_the_environment_fills_in_the_account(start_hub: StartHub, twilio: Twilio) -> None:
    toml = f'[slots]\ntelephony = "twilio"\n[providers.twilio]\nbase_url = "{twilio.url}"\n'
    environ = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    async with start_hub(toml=toml, environ=environ) as hub:
        ann = await hub.agent("ann", ALICE)

        assert (await ann.send(BOB, "hello"))["status"] == "sent"
