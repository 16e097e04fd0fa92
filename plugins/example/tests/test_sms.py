"""What the suite cannot know: the exact request to Postbird, over a real connection."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx2
import pytest
from pydantic import ValidationError

from plugins.example.tests.postbird import ANSWERS, CONFIG
from trunkline.sdk import AuthFailed, OutboundSms, OutcomeUnknown, Receipt, Rejected, RetryLater
from trunkline.testing import BaseTelephonyConformance, Canned, Wire, provider_context
from trunkline_example.config import ExampleConfig
from trunkline_example.sms import Postbird, open_postbird

SMS: OutboundSms = BaseTelephonyConformance.sms


async def send(base_url: str, http: httpx2.AsyncClient) -> Receipt:
    config = ExampleConfig.model_validate({**CONFIG, "base_url": base_url})
    async with open_postbird(config, provider_context(http)) as postbird:
        return await postbird.send(SMS)


async def send_to(canned: Canned) -> Receipt:
    async with Wire(canned).client() as http:
        return await Postbird(ExampleConfig.model_validate(CONFIG), http).send(SMS)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free loopback port and yield the server's URL."""
    server = HTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


async def test_a_text_is_posted_as_the_manual_says() -> None:
    seen: list[tuple[str, str | None, object]] = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(201)
            self.end_headers()
            self.wfile.write(b'{"id": "tx_7", "status": "queued"}')

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with serving(Api) as url:
        async with httpx2.AsyncClient() as http:
            receipt = await send(url, http)

    assert receipt == Receipt(provider_id="tx_7")
    assert seen == [
        (
            "/v1/texts",
            f"Bearer {CONFIG['api_key']}",
            {
                "from": "+14155550100",
                "to": "+14155550199",
                "text": "Héllo, wörld 👋",
                "media_urls": [],
                "callback_url": SMS.status_url,
                "reference": SMS.idempotency_key,
            },
        )
    ]


async def test_a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown() -> None:
    class Hangup(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))

    with serving(Hangup) as url:
        async with httpx2.AsyncClient() as http:
            with pytest.raises(OutcomeUnknown):
                await send(url, http)


async def test_a_port_where_nobody_listens_is_safe_to_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with httpx2.AsyncClient() as http:
        with pytest.raises(RetryLater):
            await send(f"http://127.0.0.1:{port}", http)


async def test_a_refusal_carries_postbirds_code() -> None:
    with pytest.raises(Rejected) as caught:
        await send_to(ANSWERS["bad_recipient"])

    assert caught.value.provider_code == "invalid_to"


async def test_a_key_without_the_permission_is_an_operators_affair() -> None:
    with pytest.raises(AuthFailed):
        await send_to(Canned(status=403, json={"code": "read_only_key"}))


@pytest.mark.parametrize("code", [21211, None, ["invalid_to"], "+14155550199", "x" * 99])
async def test_a_code_that_is_none_is_left_out(code: object) -> None:
    with pytest.raises(Rejected) as caught:
        await send_to(Canned(status=400, json={"code": code}))

    assert caught.value.provider_code is None


@pytest.mark.parametrize("answer_id", [7, None, "", ["tx_1"]])
async def test_an_id_of_another_type_leaves_the_outcome_unknown(answer_id: object) -> None:
    with pytest.raises(OutcomeUnknown):
        await send_to(Canned(status=201, json={"id": answer_id}))


@pytest.mark.parametrize(
    "wrong",
    [{"api_key": ""}, {"signing_secret": ""}, {"base_url": "ftp://x"}, {"api_kye": "pb_live_x"}],
)
def test_a_config_that_cannot_work_is_refused_without_quoting_it(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        ExampleConfig.model_validate({**CONFIG, **wrong})

    assert "pb_live" not in str(caught.value)
