"""What an operator hears of connections that do not work: in the log, and from the doctor."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, NoConfig, WireWebhooks, accept
from tests.flows.test_doctor import examined
from trunkline.core.connections import verification
from trunkline.sdk import (
    Account,
    AuthFailed,
    BadSignature,
    NotConfigured,
    NotSetUp,
    OutboundSms,
    OutOfCredit,
    Receipt,
    RetryLater,
    WebhookRequest,
)


def lines(capfd: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    """Return the log's lines about an event since they were last read."""
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line[0] == "{"]
    return [line for line in logged if line["event"] == event]


@pytest.mark.parametrize(
    ("error", "sentence", "status"),
    [
        (AuthFailed("Acme refused the log-in."), "Acme refused the log-in.", "failed"),
        (OutOfCredit("Acme wants to be paid."), "Acme wants to be paid.", "failed"),
        (NotConfigured("Install acme-tool."), "Install acme-tool.", "queued"),
        (ValueError("hunter2"), "Its adapter raised ValueError; the log says where.", "queued"),
        (KeyboardInterrupt(), "Its adapter raised KeyboardInterrupt", "queued"),
    ],
)
async def test_case_d6_what_opening_raises_is_told_in_the_log_by_the_doctor_and_to_the_agent(
    start_hub: StartHub,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
    sentence: str,
    status: str,
) -> None:
    network = Network(openings=[error] * 9)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        told = (await ann.try_send(BOB, "hello")).json()
        message = await ann.status(told["messageId"])
        verdict, said = (await examined(hub))["connection wire (telephony)"]

    (line, *_) = lines(capfd, "connection.open_failed")
    assert sentence in line["reason"]
    assert ("exception" in line) == isinstance(error, ValueError | KeyboardInterrupt)
    assert verdict == "bad"
    assert sentence in said
    assert message["status"] == status
    assert sentence in message["reason"]
    assert "hunter2" not in json.dumps([line, said, message])
    assert network.asked == []


async def test_case_d5_a_provider_that_cannot_do_what_it_declares_is_told_when_it_is_opened(
    start_hub: StartHub,
) -> None:
    class Mute(Network):
        send = Network.__mro__[1].send  # type: ignore[attr-defined]

    async with start_hub(plugins=Mute().plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.try_send(BOB, "hello")
        verdict, said = (await examined(hub))["connection wire (telephony)"]

    assert verdict == "bad"
    assert "it yields a Mute without send, which sms.send needs" in said


class Stale(WireWebhooks):
    """Finds every request too old."""

    def verify(self, request: WebhookRequest, config: NoConfig) -> None:
        raise BadSignature("stale stamp")


@pytest.mark.parametrize("path", ["/webhooks/ann/sms", "/webhooks/connections/wire"])
async def test_case_d10_why_an_adapter_does_not_vouch_for_a_request_stands_in_the_log(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    async with start_hub(plugins=Network().plugins(Stale()), toml=WIRE) as hub:
        await hub.agent("ann", ALICE)
        response = await hub.client.post(path, content=b"{}", headers={"x-wire": "yes"})

    assert response.status_code == 403
    assert "stale stamp" not in response.text
    (line,) = lines(capfd, "webhook.refused")
    assert (line["reason"], line["connection"]) == ("stale stamp", "wire")


class Unsigned(WireWebhooks):
    """Knows its vendor by the last part of the path alone."""

    def verify(self, request: WebhookRequest, config: NoConfig) -> None:
        if not request.url.endswith("/whatsapp/path-secret-0123456789"):
            raise BadSignature("wrong path")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/webhooks/connections/wire/whatsapp/path-secret-0123456789", 204),
        ("/webhooks/connections/wire/whatsapp/path-secret-0123456780", 403),
        ("/webhooks/connections/wire/whatsapp", 403),
        ("/webhooks/connections/wire/pigeon/path-secret-0123456789", 404),
        ("/webhooks/connections/wire/whatsapp/path-secret-0123456789/x", 404),
        ("/webhooks/ann/whatsapp/path-secret-0123456789", 404),
    ],
)
async def test_a_secret_in_the_path_of_a_callback_reaches_its_adapter_and_no_log(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str], path: str, status: int
) -> None:
    async with start_hub(plugins=Network().plugins(Unsigned()), toml=WIRE) as hub:
        await hub.agent("ann", ALICE)
        response = await hub.client.post(path, content=b"[]", headers={"x-wire": "yes"})

    assert response.status_code == status
    assert "path-secret" not in f"{response.text}{capfd.readouterr()}"


# --- what a send met ------------------------------------------------------------------------------


async def _ready(hub: Served) -> tuple[str, str]:
    """Return what readiness says of the hub and of the connection `wire`."""
    ready = (await (await hub.admin()).get("/health/ready")).json()
    return ready["status"], ready["providers"]["wire"]


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (AuthFailed("Acme refused the key."), "credentials_refused", "provider_auth"),
        (OutOfCredit("Acme wants to be paid."), "out_of_credit", "provider_credit"),
        (RetryLater("Acme could not be reached.", unavailable=True), "unreachable", None),
    ],
)
async def test_case_d3_an_operator_hears_what_a_send_met_and_when_it_is_over(
    start_hub: StartHub,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    kind: str,
    code: str | None,
) -> None:
    async def refuse(sms: OutboundSms) -> Receipt:
        raise error

    network = Network(refuse)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = (await ann.try_send(BOB, "hello")).json()
        (line,) = lines(capfd, "connection.trouble")
        ready, (verdict, said) = (
            await _ready(hub),
            (await examined(hub))["connection wire (telephony)"],
        )
        metrics = (await (await hub.admin()).get("/metrics")).text
        network.answer = accept
        await ann.send(BOB, "again")
        (over,) = lines(capfd, "connection.trouble_over")
        after, found = await _ready(hub), (await examined(hub))["connection wire (telephony)"]

    assert answer.get("code") == code
    assert (line["level"], line["connection"]) == ("warning", "wire")
    assert (line["trouble"], line["reason"]) == (kind, str(error))
    assert ready == ("degraded", "error")
    assert verdict == "bad"
    assert str(error) in said
    assert f'comms_connection_trouble{{connection="wire",trouble="{kind}"}} 1.0' in metrics
    assert over["trouble"] == kind
    assert (after, found[0]) == (("ready", "ok"), "ok")


async def test_case_d3_what_only_an_operator_can_set_up_is_no_fault_of_the_agents(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str]
) -> None:
    async def refuse(sms: OutboundSms) -> Receipt:
        raise NotSetUp("Acme does not permit this country: allow it.")

    async with start_hub(plugins=Network(refuse).plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.try_send(BOB, "hello")
        ready = await _ready(hub)

    (line,) = lines(capfd, "sms.failed")
    assert (answer.status_code, answer.json()["code"]) == (424, "provider_setup")
    assert (line["level"], line["errorCode"]) == ("warning", "provider_setup")
    assert ready == ("ready", "ok")  # other texts go


# --- what the provider says when it is asked ------------------------------------------------------


class Asked(Network):
    """A network that can be asked about the account."""

    said: Account | Exception = Account()

    async def verify(self) -> Account:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.mark.parametrize(
    ("said", "held", "verdict", "sentence"),
    [
        (AuthFailed("Acme refused the key."), "no", "bad", "Acme refused the key."),
        (OutOfCredit("Acme wants to be paid."), "no", "bad", "Acme wants to be paid."),
        (RetryLater("Acme is away.", unavailable=True), "no", "bad", "Acme is away."),
        (ValueError("hunter2"), "no", "bad", "Its adapter failed; the log says where."),
        (
            Account(name="Shop", balance_micros=12_340_000, currency="USD"),
            "yes",
            "ok",
            "The provider knows the account 'Shop', balance 12.34 USD.",
        ),
        (Account(notes=("It is a trial.",)), "yes", "look", "It is a trial."),
    ],
)
async def test_case_c7_a_provider_is_asked_about_the_account_before_anybody_sends(
    start_hub: StartHub, said: Account | Exception, held: str, verdict: str, sentence: str
) -> None:
    network = Asked()
    network.said = said
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        verified = (await hub.local("providers_verify", connection="wire"))["connections"]
        found = (await examined(hub))["connection wire (telephony)"]
        status, state = await _ready(hub)

    assert [(each["connection"], each["held"]) for each in verified] == [("wire", held)]
    assert sentence in verified[0]["sentence"]
    assert found[0] == verdict
    assert sentence in found[1]
    told = isinstance(said, AuthFailed | OutOfCredit | RetryLater)
    assert (status, state) == (("degraded", "error") if told else ("ready", "ok"))
    assert network.asked == []
    assert "hunter2" not in str((verified, found))


async def test_case_c7_readiness_knows_without_anybody_asking(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(verification, "AGAIN_AFTER_S", 0.01)
    network = Asked()
    network.said = AuthFailed("Acme refused the key.")
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        await hub.until(lambda: _ready(hub), lambda ready: ready == ("degraded", "error"))
        network.said = Account()
        await hub.until(lambda: _ready(hub), lambda ready: ready == ("ready", "ok"))


@pytest.mark.parametrize(
    ("toml", "name", "said"),
    [
        ('[slots]\nemail = "pigeon"\n', "pigeon", "No loaded plugin offers its provider"),
        ('[providers.post]\nprovider = "pigeon"\n', "post", "No loaded plugin offers its provider"),
        (f'{WIRE}email = "wire"\n', "wire", "its provider has no email"),
    ],
)
async def test_a_named_connection_that_is_not_there_is_told_before_anybody_sends(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str], toml: str, name: str, said: str
) -> None:
    async with start_hub(plugins=Network().plugins(), toml=toml) as hub:
        logged = {
            line["connection"]: line["fault"] for line in lines(capfd, "connection.not_usable")
        }
        ready = (await (await hub.admin()).get("/health/ready")).json()
        (verified,) = [
            each
            for each in (await hub.local("providers_verify", connection=name))["connections"]
            if "kind" not in each
        ]
        found = (await examined(hub))[f"connection {name}"]

    assert said in logged[name]
    assert (ready["status"], ready["providers"][name]) == ("degraded", "error")
    assert (verified["held"], found[0]) == ("no", "bad")
    assert said in verified["sentence"]
    assert said in found[1]


async def test_a_connection_that_is_not_there_is_told_with_those_that_are(served: Served) -> None:
    refused = await served.operator.post(
        "/api/v1/tools/providers_verify", json={"connection": "nope"}
    )

    detail = refused.json()["detail"]
    assert "there are: demo, " in detail
    assert "by a table [providers.nope]" in detail


@dataclass(frozen=True)
class Elsewhere:
    """A server that is not the vendor's, or does not know the account."""

    status: int
    body: bytes

    def serve(self) -> ThreadingHTTPServer:
        other = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(other.status)
                self.send_header("Content-Length", str(len(other.body)))
                self.end_headers()
                self.wfile.write(other.body)

            def log_message(self, *_: object) -> None:
                pass

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of such a server."""
    server = Elsewhere(*request.param).serve()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("port", "scheme", "sentence"),
    [
        ((401, b'{"code": 20003}'), "http", "check account_sid and auth_token"),
        ((200, b"<html>"), "http", "Twilio's answer cannot be read."),
        ((200, b""), "https", "Twilio could not be reached. No TLS could be agreed on."),
    ],
    indirect=["port"],
)
async def test_case_c7_a_wrong_token_and_a_wrong_base_url_are_told_apart(
    start_hub: StartHub, port: int, scheme: str, sentence: str
) -> None:
    toml = f"""
[slots]
telephony = "twilio"
[providers.twilio]
account_sid = "AC{"0" * 32}"
auth_token = "{"1" * 32}"
base_url = "{scheme}://127.0.0.1:{port}"
"""
    async with start_hub(toml=toml) as hub:
        verdict, said = (await examined(hub))["connection twilio (telephony)"]

    assert verdict == "bad"
    assert sentence in said


async def test_case_c7_a_provider_that_never_answers_keeps_the_doctor_a_bounded_time(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Network):
        async def verify(self) -> Account:
            await asyncio.sleep(60)
            raise AssertionError

    monkeypatch.setattr(verification, "_ANSWERS_WITHIN_S", 0.05)
    async with start_hub(plugins=Silent().plugins(), toml=WIRE) as hub:
        found = (await examined(hub))["connection wire (telephony)"]

    assert found == ("bad", "The provider does not answer.")
