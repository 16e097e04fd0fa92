"""Somebody who sends texts and keeps asking, under the same key, until there is an answer."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from aiohttp import ClientError, ClientSession

MOST_UNDER_WAY = 50
_AREAS = (
    206, 212, 213, 214, 215, 216, 303, 304, 305, 310, 312, 313, 314, 401, 404, 405, 408, 412, 414,
    417, 503, 504, 505, 510, 512, 513, 515, 602, 603, 605, 609, 612, 614, 615, 617, 619, 701, 702,
)  # fmt: skip


def recipient_of(number: int, channel: str = "sms") -> str:
    """
    Return whom send `number` goes to: one of a few thousand, in turn, and none the agent.

    By WhatsApp it is one of the hundred who write to the agent, sooner or later.
    """
    if channel == "whatsapp":
        return f"+1212555{number % 100 + 100:04d}"
    if channel == "email":
        return f"p{recipient_of(number)[1:]}@mail.example"
    return f"+1{_AREAS[number // 100 % len(_AREAS)]}55501{number % 100:02d}"


@dataclass(kw_only=True)
class Client:
    """
    The load of a run.

    Attributes:
        message_ids: What was acknowledged, by key.
        again: How often no answer came, or one that says to ask again; by what it was.
        refused: Answers that no good send may get.
    """

    token: str
    base_url: str
    http: ClientSession
    channel: str = "sms"
    message_ids: dict[str, str] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def load(self, sends_per_s: float) -> None:
        """Send at a steady pace until cancelled; what is under way by then goes on."""
        for number in count(1):
            if len(self.under_way) >= MOST_UNDER_WAY:
                await asyncio.wait(self.under_way, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(
                self._send(f"key-{number:06d}", recipient_of(number, self.channel))
            )
            self.under_way.add(task)
            task.add_done_callback(self.under_way.discard)
            await asyncio.sleep(1 / sends_per_s)

    async def _send(self, key: str, to: str) -> None:
        text = {"channel": self.channel, "to": to, "body": f"text {key}", "idempotencyKey": key}
        if self.channel == "email":
            text["subject"] = "Hello"
        name = "comms_send_message"
        if self.channel == "voice":
            text = {"deliveryChannel": "phone_call", "to": to, "text": f"text {key}"}
            text["idempotencyKey"], name = key, "comms_send_voice_message"
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.base_url}/api/v1/tools/{name}"
        pause_s = 0.1
        while True:
            status, body = await self._ask(url, text, headers)
            if status == "200":
                self.message_ids[key] = json.loads(body)["messageId"]
                return
            if self.channel == "whatsapp" and status == "422" and '"out_of_window"' in body:
                return  # they have not written yet
            if status.startswith("4") and status != "429":
                self.refused.append(f"{key}: {status} {body}")
                return
            self.again[status] += 1
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)

    async def _ask(
        self, url: str, text: dict[str, str], headers: dict[str, str]
    ) -> tuple[str, str]:
        """Return the status and the body of an answer, or the name of what came instead."""
        try:
            async with self.http.post(url, json=text, headers=headers) as answer:
                return str(answer.status), await answer.text()
        except (ClientError, TimeoutError, OSError) as error:
            return type(error).__name__, ""
