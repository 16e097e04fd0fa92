"""Calls that are wrong in one thing, and the documented code of each. PLANTED is never echoed."""

from dataclasses import dataclass
from typing import Any

from tests.flows.hubs import HANDSET

PLANTED = "Zanzibar"


FETCHABLE = "https://example.com/a.jpg"
NO_MEDIA = [
    "",
    PLANTED,
    f"/{PLANTED}",
    f"//example.com/{PLANTED}",
    "https://",
    f"https:///{PLANTED}",
    f"http://example.com/{PLANTED}",
    f"ftp://example.com/{PLANTED}",
    f"file:///{PLANTED}",
    f"data:text/plain,{PLANTED}",
    f"javascript:alert('{PLANTED}')",
    f"https://example.com/{PLANTED} b",
    f"https://example.com/{PLANTED}\n",
    f"https://example.com/{PLANTED}\0",
    f"https://example.com/{PLANTED}/é",
    f"https://example.com\\@127.0.0.1/{PLANTED}",
    f"https://example.com:{PLANTED}/",
    f"https://example.com:99999999/{PLANTED}",
    f"https://user:{PLANTED}@example.com/",
    f"https://{PLANTED}@example.com/",
    f"https://localhost/{PLANTED}",
    f"https://a.localhost./{PLANTED}",
    f"https://intranet/{PLANTED}",
    f"https://127.0.0.1/{PLANTED}",
    f"https://127.1/{PLANTED}",
    f"https://2130706433/{PLANTED}",
    f"https://0x7f.1/{PLANTED}",
    f"https://[::1]/{PLANTED}",
    f"https://[::ffff:127.0.0.1]/{PLANTED}",
    f"https://10.0.0.1/{PLANTED}",
    f"https://169.254.169.254/{PLANTED}",
    "https://example.com/" + PLANTED * 250,
    17,
]
"""What no provider can fetch, or should."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong call; `field` is the argument that the answer names."""

    tool: str
    arguments: dict[str, Any]
    field: str
    code: str = "invalid"
    http_status: int = 422

    def __str__(self) -> str:
        wrong = self.arguments.get(self.field, "missing")
        return f"{self.tool.removeprefix('comms_')}-{self.field}={wrong!r:.24}"


def _send(field: str, value: Any, *, code: str = "invalid", named: str | None = None) -> Mistake:
    arguments = {"channel": "sms", "to": HANDSET, "body": "hello", field: value}
    return Mistake(
        tool="comms_send_message",
        arguments={name: each for name, each in arguments.items() if each is not ...},
        field=named or field,
        code=code,
    )


def _read(field: str, value: Any, *, code: str = "invalid") -> Mistake:
    return Mistake(tool="comms_get_messages", arguments={field: value}, field=field, code=code)


MISTAKES = [
    # what is sent
    _send("body", ...),
    _send("body", ""),
    _send("body", " \n\t\u2003"),
    _send("body", "x" * 1601),
    _send("body", PLANTED * 20_000),
    _send("body", f"{PLANTED}\0"),
    _send("body", None),
    _send("body", 5),
    _send("body", [PLANTED]),
    _send("body", {PLANTED: PLANTED}),
    # to whom
    _send("to", ...),
    _send("to", ""),
    _send("to", " "),
    _send("to", PLANTED),
    _send("to", f"+1{PLANTED}"),
    _send("to", f"{HANDSET}\n"),
    _send("to", f"{HANDSET}\0"),
    _send("to", f"{HANDSET};ext={PLANTED}"),
    _send("to", f"{HANDSET} or +12025550151"),
    _send("to", f"reply to {HANDSET}"),
    _send("to", "+1202555015"),
    _send("to", "+120255501500"),
    _send("to", "+999123456789"),
    _send("to", "911"),
    _send("to", PLANTED * 50),
    _send("to", 12025550150),
    _send("to", [HANDSET]),
    _send("toAgentId", "ben", named="to"),
    _send("to", f"{PLANTED}@example.com"),
    Mistake(
        tool="comms_send_message",
        arguments={"channel": "sms", "toAgentId": PLANTED, "body": "hello"},
        field="toAgentId",
    ),
    # with what
    *(_send("mediaUrl", url) for url in NO_MEDIA),
    *(_send("mediaUrls", [FETCHABLE, url], named="mediaUrls.1") for url in NO_MEDIA),
    _send("mediaUrl", [FETCHABLE]),
    _send("mediaUrl", {PLANTED: PLANTED}),
    _send("mediaUrls", FETCHABLE),
    _send("mediaUrls", [FETCHABLE] * 11),
    _send("mediaUrls", {PLANTED: PLANTED}),
    Mistake(
        tool="comms_send_message",
        arguments={
            "channel": "sms",
            "to": HANDSET,
            "body": "hello",
            "mediaUrl": FETCHABLE,
            "mediaUrls": [FETCHABLE],
        },
        field="mediaUrls",
    ),
    # how
    _send("channel", ...),
    _send("channel", PLANTED),
    _send("channel", "SMS"),
    _send("channel", 1),
    _send("channel", "chat", code="unsupported"),
    _send("replyTo", PLANTED),
    _send("replyTo", f"msg_{'0' * 32}"),
    _send("idempotencyKey", ""),
    _send("idempotencyKey", "k" * 256),
    _send("idempotencyKey", "kľúč"),
    _send("idempotencyKey", "two\nlines"),
    _send("idempotencyKey", 17),
    _send("agentId", ""),
    _send("agentId", 1),
    # times that no message can be sent at
    _send("sendAt", "2026-01-01T00:00:00Z"),
    _send("sendAt", "2126-01-01T00:00:00Z"),
    _send("sendAt", "2126-01-01T00:00:00"),
    _send("sendAt", PLANTED),
    _send("validForSeconds", 0),
    _send("validForSeconds", 172_801),
    _send("validForSeconds", "60 seconds"),
    # nothing that is promised for later is silently left out
    _send("mediaType", "image", code="unsupported"),
    _send("subject", PLANTED, code="unsupported"),
    _send("html", f"<b>{PLANTED}</b>", code="unsupported"),
    _send("templateId", PLANTED, named="body"),  # a text beside a template
    _send("templateVars", {PLANTED: PLANTED}, named="templateId"),
    # nothing that is not promised is taken
    _send(f"{PLANTED}!", PLANTED, named="arguments"),
    _send("to_agent_id", "ben", named="arguments"),
    # what is read
    _read("limit", 0),
    _read("limit", 201),
    _read("limit", 10**30),
    _read("limit", 1.5),
    _read("limit", "50"),
    _read("limit", True),
    _read("unread", "true"),
    _read("channel", PLANTED),
    _read("since", PLANTED),
    _read("since", 5),
    _read("since", "5"),
    _read("since", "2026-01-01T00:00:00"),
    _read("since", "0001-01-01T00:00:00+14:00"),
    _read("since", "2026-02-30T00:00:00Z"),
    _read("cursor", PLANTED),
    _read("cursor", f"msg_{'0' * 32}' OR 1=1 --"),
    _read("contactNumber", PLANTED),
    Mistake(tool="comms_get_status", arguments={}, field="id"),
    Mistake(tool="comms_get_status", arguments={"id": PLANTED}, field="id"),
    Mistake(tool="comms_get_status", arguments={"id": f"msg_{'0' * 32}\n"}, field="id"),
]
