"""What services get of an alert, by the library's own JSON service, over HTTP."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from trunkline.sdk import Alert, AlertContext, NotConfigured, Rejected, Severity, SystemClock
from trunkline.testing import RecordingLog
from trunkline_apprise.config import AppriseConfig
from trunkline_apprise.plugin import APPRISE, trunkline_register_alert_sinks

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
DOWN = Alert(
    id=f"alr_{0:032x}",
    kind="provider.down",
    severity=Severity.CRITICAL,
    subject="twilio",
    sentence="It fails every request.",
    first_at=AT,
    last_at=AT,
)


class Service(ThreadingHTTPServer):
    """Takes notifications, or answers another status."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Taking)

    @property
    def url(self) -> str:
        """It, as Apprise writes it."""
        return f"json://127.0.0.1:{self.server_port}/hook"


class _Taking(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that is up."""
    with Service() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def deliver(alert: Alert, *urls: str) -> None:
    """Tell an alert as the hub does."""
    config = AppriseConfig.model_validate({"urls": urls})
    async with httpx2.AsyncClient() as http:
        context = AlertContext(http=http, clock=SystemClock(), log=RecordingLog())
        async with APPRISE.open(config, context) as sink:
            await sink.deliver(alert)


async def test_a_service_gets_what_is_wrong_and_how_bad_it_is(service: Service) -> None:
    await deliver(DOWN, service.url)
    await deliver(replace(DOWN, over=True), service.url)
    first, second = service.got
    assert first["title"] == "[CRITICAL] provider.down twilio"
    assert first["message"] == "It fails every request."
    assert (first["type"], second["type"]) == ("failure", "success")


async def test_a_digest_comes_as_one_with_a_line_for_each(service: Service) -> None:
    parts = (DOWN, replace(DOWN, subject="acme", count=3))
    await deliver(replace(DOWN, kind="digest", subject="", parts=parts), service.url)
    (got,) = service.got
    assert "twilio" in got["message"]
    assert "acme (3 times)" in got["message"]


async def test_one_that_takes_nothing_is_told_by_its_place_and_hinders_no_other(
    service: Service,
) -> None:
    with pytest.raises(Rejected, match=r"2 services .* as listed: 1\."):
        await deliver(DOWN, "json://127.0.0.1:9/secret-token", service.url)
    assert len(service.got) == 1


async def test_a_url_of_no_service_is_refused_without_being_told() -> None:
    with pytest.raises(NotConfigured) as refused:
        await deliver(DOWN, "nonsense://secret-token")
    assert "secret" not in str(refused.value)


def test_urls_may_be_one_text_and_are_never_shown() -> None:
    config = AppriseConfig.model_validate({"urls": "json://a  json://b/secret"})
    assert len(config.urls) == 2
    assert "secret" not in repr(config)
    with pytest.raises(ValidationError):
        AppriseConfig.model_validate({"urls": []})


def test_the_hub_is_offered_one_sink() -> None:
    assert [each.name for each in trunkline_register_alert_sinks()] == ["apprise"]
