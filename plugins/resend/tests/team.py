"""
A Resend team in memory: its domains and its webhooks.

Written from Resend's OpenAPI file 1.5.0. It keeps what it is told, so that what is read back is
what was set.
"""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Final, TypeVar

import httpx2

from plugins.resend.tests.vendor import KEY, refusal
from trunkline.testing import DROP_AFTER, Canned, Drop, FakeSecrets, RecordingLog, provider_context

Json = dict[str, Any]
T = TypeVar("T")
_ITEM: Final = re.compile(r"/(domains|webhooks)/([^/]+)(/verify)?")
NOT_FOUND: Final = refusal(404, "not_found", "Domain not found")


def secret(number: int) -> str:
    """Return the signing secret of a webhook."""
    return f"whsec_{b64encode(f'signing-secret-of-the-tests-{number:02d}'.encode()).decode()}"


def record(kind: str, type_: str, name: str, status: str, **more: object) -> Json:
    """Return a DNS record as Resend shows one, its name without the domain."""
    shown = {"record": kind, "type": type_, "name": name, "status": status, "ttl": "Auto"}
    return {**shown, "value": f"{kind}-{type_} value", **more}


def records(sending: str = "not_started", receiving: str = "not_started") -> list[Json]:
    """Return the records of a domain."""
    return [
        record("SPF", "MX", "send", sending, priority=10),
        record("SPF", "TXT", "send", sending),
        record("DKIM", "TXT", "resend._domainkey", sending),
        record("Receiving", "MX", "", receiving, priority=9),
    ]


def domain(name: str, number: int = 1, status: str = "not_started", **changes: object) -> Json:
    """Return a domain as Resend shows one."""
    shown = {
        "object": "domain",
        "id": f"d91cd9bd-1176-453e-8fc1-{number:012d}",
        "name": name,
        "status": status,
        "region": "us-east-1",
        "records": records(),
    }
    return {**shown, **changes}


def webhook(url: str, number: int = 1, events: list[str] | None = None, **changes: object) -> Json:
    """Return a webhook as Resend shows one."""
    shown = {
        "object": "webhook",
        "id": f"479e3145-dd38-476b-932c-{number:012d}",
        "endpoint": url,
        "events": events or ["email.sent"],
        "status": "enabled",
        "created_at": f"2026-01-{number:02d} 12:00:00.5+00",
        "signing_secret": secret(number),
    }
    return {**shown, **changes}


@dataclass
class Team:
    """The team, and what it was asked: method, path with query and body of each request."""

    domains: list[Json] = field(default_factory=list)
    webhooks: list[Json] = field(default_factory=list)
    faults: list[tuple[str, str, Canned | Drop, bool]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    page_size: int = 100
    found_at_check: str = "pending"
    comes_between: Json | None = None  # what another hub makes while this one does

    def called(self) -> list[str]:
        """Return methods and kinds of resources that were asked, in their order."""
        return [
            f"{method} {path.split('/')[1].partition('?')[0]}" for method, path, _ in self.asked
        ]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content or b"null")
        path = request.url.path
        self.asked.append((request.method, str(request.url.raw_path, "ascii"), body))
        found = next(
            (f for f in self.faults if f[0] == request.method and path.endswith(f[1])), None
        )
        if found:
            self.faults.remove(found)
            if found[3]:
                self._answer(request, path, body)
            if isinstance(found[2], Drop):
                kind = httpx2.ReadTimeout if found[2] is DROP_AFTER else httpx2.ConnectError
                raise kind("broken", request=request)
            return _response(found[2])
        if request.headers["authorization"] != f"Bearer {KEY}":
            return _response(refusal(401, "validation_error", "API key is invalid"))
        return self._answer(request, path, body)

    def _answer(self, request: httpx2.Request, path: str, body: Any) -> httpx2.Response:
        method = request.method
        if path in ("/domains", "/webhooks"):
            held = self.domains if path == "/domains" else self.webhooks
            if method == "GET":
                return _page(held, request.url.params.get("after"), self.page_size)
            made = self._made(path, body)
            return _json(made, 201) if isinstance(made, dict) else _response(made)
        found = _ITEM.fullmatch(path)
        held = self.domains if found and found[1] == "domains" else self.webhooks
        item = next((each for each in held if found and each["id"] == found[2]), None)
        if found is None or item is None:
            return _response(NOT_FOUND)
        if found[3]:
            item.update(status=self.found_at_check, records=records(self.found_at_check))
        elif method == "DELETE":
            held.remove(item)
        elif method == "PATCH":
            item.update(body)
        else:
            return _json(item)
        return _json({"object": item["object"], "id": item["id"]})

    def _made(self, path: str, body: Json) -> Json | Canned:
        if path == "/webhooks":
            made = webhook(body["endpoint"], len(self.webhooks) + 1, body["events"])
            self.webhooks += [*filter(None, [self.comes_between]), made]
            return {key: made[key] for key in ("object", "id", "signing_secret")}
        if any(each["name"] == body["name"] for each in self.domains):
            return refusal(403, "validation_error", "The domain has been registered already.")
        self.domains.append(domain(body["name"], len(self.domains) + 1))
        return self.domains[-1]


def _page(held: list[Json], after: str | None, size: int) -> httpx2.Response:
    start = next((n + 1 for n, each in enumerate(held) if each["id"] == after), 0)
    shown = [
        {key: value for key, value in each.items() if key not in ("signing_secret", "records")}
        for each in held[start : start + size]
    ]
    return _json({"object": "list", "data": shown, "has_more": start + size < len(held)})


def _json(value: object, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=value)


def _response(canned: Canned) -> httpx2.Response:
    return httpx2.Response(canned.status, json=canned.json, headers=dict(canned.headers))


class Asking:
    """Asks an open adapter; `package` may be a copy of it with a mistake."""

    package: ClassVar[str] = "trunkline_resend"

    async def ask(self, team: Team, question: Callable[[Any], Awaitable[T]], **more: object) -> T:
        """Ask an open team something."""
        values = {"api_key": KEY, **more}
        config = import_module(f"{self.package}.config").ResendConfig.model_validate(values)
        opened = import_module(f"{self.package}.mail").Resend
        log = RecordingLog()

        async def answered(request: httpx2.Request) -> httpx2.Response:
            await asyncio.sleep(0)  # so that others come in between
            return team.answer(request)

        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answered)) as http:
            context = provider_context(http, log=log, secrets=team.secrets)
            answer = await question(opened(config, context))
        assert not log.events
        return answer
