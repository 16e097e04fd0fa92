"""The requests that the load consists of, as bytes: each is unique and costs little to make."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

ACCOUNT: Final = f"AC{'0' * 32}"
AUTH_TOKEN: Final = "auth-token-of-the-bench"
AGENT: Final = "bench"
PHONE: Final = "+14155550100"
TOOL: Final = "comms_send_message"
PROTOCOL: Final = "2026-07-28"
SENT: Final = b'"status":"sent"'
"""Stands in every answer that acknowledges a send."""

REPORTS: Final = ("queued", "sent", "delivered")
"""What the vendor reports of each text, one callback each."""

RECIPIENTS: Final = tuple(
    f"+1{area}55501{number:02d}"
    for area in (202, 206, 212, 310, 512)
    for number in range(100)
    if area != 202  # the simulated network's
)


def recipient_of(number: int) -> str:
    """Return whom send `number` goes to: one of a few hundred, in turn."""
    return RECIPIENTS[number % len(RECIPIENTS)]


def body_of(number: int) -> str:
    """Return the text of send `number`."""
    return f"Appointment {number:09d} is tomorrow at 10:30. Reply YES to confirm, NO to cancel."


def rest_sends(numbers: Iterable[int], token: str) -> Iterator[bytes]:
    """Yield sends over the hub's REST API."""
    for number in numbers:
        body = _send_arguments(number)
        yield _post(f"/api/v1/tools/{TOOL}", body, token)


def naive_sends(numbers: Iterable[int], token: str) -> Iterator[bytes]:
    """Yield sends over the API of the naive build."""
    for number in numbers:
        body = f'{{"to":"{recipient_of(number)}","body":"{body_of(number)}"}}'
        yield _post("/messages", body, token)


def vendor_sends(numbers: Iterable[int]) -> Iterator[bytes]:
    """Yield sends to the vendor itself."""
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for number in numbers:
        form = {"To": recipient_of(number), "From": PHONE, "Body": body_of(number)}
        yield _post(path, urlencode(form), "", headers)


def tool_calls(numbers: Iterable[int], token: str) -> Iterator[bytes]:
    """Yield sends over MCP, as a client of the present protocol makes them."""
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL,
        "Mcp-Method": "tools/call",
        "Mcp-Name": TOOL,
    }
    meta = json.dumps(
        {
            "io.modelcontextprotocol/protocolVersion": PROTOCOL,
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    )
    for number in numbers:
        body = (
            f'{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"{TOOL}",'
            f'"arguments":{_send_arguments(number)},"_meta":{meta}}}}}'
        )
        yield _post("/mcp", body, token, headers)


def callbacks(ledger: Path) -> Iterator[bytes]:
    """Yield signed status callbacks, in the order of REPORTS, for the texts that a sink took."""
    texts = [json.loads(line) for line in ledger.read_text().splitlines()]
    for status in REPORTS:
        for text in texts:
            yield _callback(text, status)


def _callback(text: Mapping[str, str], status: str) -> bytes:
    url = text["StatusCallback"]
    fields = {
        "SmsSid": text["sid"],
        "SmsStatus": status,
        "MessageStatus": status,
        "To": text["To"],
        "MessageSid": text["sid"],
        "AccountSid": ACCOUNT,
        "From": text["From"],
        "ApiVersion": "2010-04-01",
    }
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.digest(AUTH_TOKEN.encode(), signed.encode(), hashlib.sha1)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
    }
    parts = urlsplit(url)
    return _post(f"{parts.path}?{parts.query}", urlencode(fields), "", headers)


def _send_arguments(number: int) -> str:
    return (
        f'{{"to":"{recipient_of(number)}","channel":"sms","body":"{body_of(number)}",'
        f'"idempotencyKey":"bench-{number}"}}'
    )


_JSON: Final = {"Content-Type": "application/json"}
_ANY_PORT: Final = 3100  # some servers want one in the Host header, and none cares which


def _post(path: str, body: str, token: str, headers: Mapping[str, str] = _JSON) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    named = "\r\n".join(lines)
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{_ANY_PORT}\r\n{named}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
