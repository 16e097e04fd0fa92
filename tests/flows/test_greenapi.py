"""WhatsApp by GREEN-API through a whole hub: asked or calling, out, in, and what got lost."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from plugins.greenapi.tests.double import Double
from plugins.greenapi.tests.vendor import (
    CHAT,
    CONFIG,
    HUB,
    PERSON,
    received,
    reported,
    text_data,
    webhook,
)
from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.test_doctor import examined
from tests.flows.test_telling_operators import lines
from trunkline.core.inbound import listening

__all__ = ["clock"]

FILE = "https://files.example/menu.pdf"
FINAL_S = 600


@dataclass
class Instance:
    """A hub's instance of GREEN-API, and the settings to reach it."""

    double: Double
    url: str

    def toml(self, **more: str) -> str:
        """Return settings of a hub that asks, unless it is told the secrets to be called by."""
        given = {name: CONFIG[name] for name in ("id_instance", "api_token", "phone_number")}
        lines_ = "\n".join(
            f'{name} = "{value}"' for name, value in {**given, "base_url": self.url, **more}.items()
        )
        return (
            f'[slots]\nwhatsapp = "greenapi"\n[messages]\nfinal_within_s = {FINAL_S}\n'
            f"[providers.greenapi]\n{lines_}\n"
        )

    def called(self) -> str:
        """Return settings of a hub that GREEN-API calls."""
        return self.toml(**{name: CONFIG[name] for name in ("webhook_secret", "webhook_token")})

    def notify(self, number: int, told: dict[str, object]) -> None:
        """Let a notification wait to be asked for."""
        self.double.notifications.append({"receiptId": number, "body": told})

    def sends(self) -> list[dict[str, Any]]:
        """Return what GREEN-API was asked to send."""
        return [body for _, path, body in self.double.asked if "/send" in path]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr("trunkline_greenapi.listening._IDLE_S", 0.02)
    monkeypatch.setattr("trunkline.background.HOUSEKEEPING_S", 0.02)


@pytest.fixture
def green() -> Iterator[Instance]:
    double = Double()
    with double.serving() as url:
        yield Instance(double, url)


async def ann_of(hub: Served) -> Caller:
    await hub.local("agents_create", id="ann", values={"whatsapp": HUB})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def say(ann: Caller, body: str, **more: Any) -> dict[str, Any]:
    return await ann.call("comms_send_message", channel="whatsapp", to=PERSON, body=body, **more)


async def call(hub: Served, told: dict[str, object], **changes: str) -> httpx2.Response:
    """Let GREEN-API call the hub."""
    request = webhook(told)
    path = (
        f"/webhooks/connections/greenapi/whatsapp/{changes.pop('secret', CONFIG['webhook_secret'])}"
    )
    return await hub.client.post(path, content=request.body, headers={**request.headers, **changes})


def written(number: int, text: str = "hello") -> dict[str, object]:
    """Return the notification of a text that came in."""
    now_s = int(datetime.now(UTC).timestamp())  # what came long ago opens no window
    return received(text_data(text), idMessage=f"F7AEC1B70{number}", timestamp=now_s)


async def came(hub: Served, ann: Caller, count: int) -> list[dict[str, Any]]:
    """Return the messages once there are so many, the newest first."""
    shown: list[dict[str, Any]] = await hub.until(ann.inbox, lambda all_: len(all_) >= count)
    return shown


# --- both ways to hear ----------------------------------------------------------------------------


async def test_a_hub_that_is_called_talks_there_and_back_and_hears_how_far_it_got(
    start_hub: StartHub, green: Instance
) -> None:
    async with start_hub(toml=green.called()) as hub:
        ann = await ann_of(hub)
        answers = [await call(hub, written(1)) for _ in range(2)]
        (message,) = await ann.inbox()
        sent = await say(ann, "Grüße 👋", replyTo=message["id"])
        number = green.double.queue[0]["messageID"]
        statuses = []
        for word in ("sent", "delivered", "read", "delivered"):
            answers.append(await call(hub, reported(word, idMessage=number)))
            statuses.append((await ann.status(sent["messageId"]))["status"])

    assert [answer.status_code for answer in answers] == [200] * 6
    assert (message["from"], message["fromName"], message["body"]) == (PERSON, "Ann", "hello")
    assert green.sends() == [
        {"chatId": CHAT, "message": "Grüße 👋", "quotedMessageId": "F7AEC1B701"}
    ]
    assert (sent["status"], statuses) == ("sent", ["sent", "delivered", "read", "read"])
    assert "receiveNotification" not in green.double.called()


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "Path-secret-of-the-tests-2"},
        {"authorization": "Bearer Header-token-of-the-tests-2"},
        {"authorization": ""},
    ],
)
async def test_who_does_not_know_both_secrets_is_refused_and_nothing_comes_in(
    start_hub: StartHub, green: Instance, changes: dict[str, str]
) -> None:
    async with start_hub(toml=green.called()) as hub:
        ann = await ann_of(hub)
        answer = await call(hub, written(1), **changes)
        shown = await ann.inbox()

    assert (answer.status_code, shown) == (403, [])


async def test_a_hub_that_asks_hears_each_message_once_though_it_stops_in_between(
    start_hub: StartHub, green: Instance
) -> None:
    for number in (1, 2):
        green.notify(number, written(number, f"text {number}"))
    async with start_hub(toml=green.toml()) as hub:
        ann = await ann_of(hub)
        await came(hub, ann, 2)
        sent = await say(ann, "hello")
        number = green.double.queue[0]["messageID"]
        green.notify(3, reported("delivered", idMessage=number))
        await hub.until_status(ann, sent["messageId"], "delivered")
        await hub.until(lambda: _left(green), lambda left: left == 0)

    green.notify(4, written(2, "text 2"))  # told again: it was not deleted the first time
    green.notify(5, written(5, "text 5"))
    async with start_hub(toml=green.toml()) as hub:
        shown = await came(hub, hub.caller(ann.token), 4)
        await hub.until(lambda: _left(green), lambda left: left == 0)
        after = await hub.caller(ann.token).inbox()

    bodies = [each["body"] for each in reversed(shown) if each["direction"] == "inbound"]
    assert bodies == ["text 1", "text 2", "text 5"]
    assert len(after) == 4


async def _left(green: Instance) -> int:
    return len(green.double.notifications)


async def test_what_cannot_be_read_blocks_nothing_behind_it(
    start_hub: StartHub, green: Instance
) -> None:
    green.notify(1, {"typeWebhook": "incomingMessageReceived", "senderData": 7})
    green.notify(2, written(2, "after it"))
    async with start_hub(toml=green.toml()) as hub:
        ann = await ann_of(hub)
        (message,) = await came(hub, ann, 1)
        states = hub.rows("SELECT state FROM inbound_events ORDER BY id")

    assert message["body"] == "after it"
    assert [row["state"] for row in states] == ["dead", "handled"]


async def test_a_file_goes_out_by_its_url_with_its_caption(
    start_hub: StartHub, green: Instance
) -> None:
    async with start_hub(toml=green.called()) as hub:
        ann = await ann_of(hub)
        await call(hub, written(1))
        sent = await say(ann, "The menu", mediaUrl=FILE)

    assert sent["status"] == "sent"
    assert green.sends() == [
        {"chatId": CHAT, "urlFile": FILE, "fileName": "menu.pdf", "caption": "The menu"}
    ]


# --- what is not told -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "status", "flag"),
    [("failed", "failed", None), ("read", "read", None), ("sent", "sent", "no_final_status")],
)
async def test_what_no_webhook_tells_is_found_in_the_journal(
    start_hub: StartHub, green: Instance, clock: Ahead, word: str, status: str, flag: str | None
) -> None:
    async with start_hub(toml=green.called(), clock=clock) as hub:
        ann = await ann_of(hub)
        await call(hub, written(1))
        sent = await say(ann, "hello")
        green.double.now_s = clock.now().timestamp()
        green.double.deliver(word)
        clock.travel(FINAL_S + 60)
        traced = await hub.until(
            lambda: ann.status(sent["messageId"]),
            lambda traced: traced["status"] == status and traced.get("flag") == flag,
        )

    assert len(green.sends()) == 1
    if word == "failed":
        assert "GREEN-API does not say why" in traced["reason"]


async def _lost(hub: Served, green: Instance, *, taken: bool) -> tuple[Caller, dict[str, Any]]:
    """Send a message whose answer gets lost, whether it was taken or not."""
    ann = await ann_of(hub)
    await call(hub, written(1))
    green.double.answers["sendMessage"] = None
    lost = await say(ann, "perhaps")
    del green.double.answers["sendMessage"]
    if taken:
        body = green.sends()[-1]
        green.double.queue.append({"messageID": "3EB0F00D", "type": "sendMessage", "body": body})
    return ann, lost


@pytest.mark.parametrize("where", ["queue", "journal"])
async def test_a_message_whose_answer_was_lost_is_found_where_it_waits_or_went(
    start_hub: StartHub, green: Instance, clock: Ahead, where: str
) -> None:
    async with start_hub(toml=green.called(), clock=clock) as hub:
        green.double.now_s = clock.now().timestamp()
        ann, lost = await _lost(hub, green, taken=True)
        if where == "journal":
            green.double.deliver("delivered")
        clock.travel(10)
        wanted = "sent" if where == "queue" else "delivered"
        await hub.until_status(ann, lost["messageId"], wanted)
        await call(hub, reported("read", idMessage="3EB0F00D"))
        traced = await ann.status(lost["messageId"])

    assert (lost["status"], traced["status"]) == ("unknown", "read")
    assert len(green.sends()) == 1


async def test_what_was_not_taken_goes_out_again_after_two_looks_and_only_then(
    start_hub: StartHub, green: Instance, clock: Ahead
) -> None:
    async with start_hub(toml=green.called(), clock=clock) as hub:
        ann, lost = await _lost(hub, green, taken=False)
        waited_s = 0
        while len(green.sends()) == 1 and waited_s < 3600:
            waited_s += 60
            clock.travel(60)
            green.double.now_s = clock.now().timestamp()
            await keep_still()
        await hub.until_status(ann, lost["messageId"], "sent")

    # The first look that proves anything is over a minute later, the second one 150 s after it.
    assert (lost["status"], len(green.sends()), len(green.double.queue)) == ("unknown", 2, 1)
    assert waited_s >= 240


async def test_a_phone_that_is_not_linked_is_an_operators_to_mend(
    start_hub: StartHub, green: Instance, capfd: pytest.CaptureFixture[str]
) -> None:
    green.double.state = "notAuthorized"
    async with start_hub(toml=green.called()) as hub:
        (warning,) = lines(capfd, "connection.warning")
        verdict, said = (await examined(hub))["connection greenapi (whatsapp)"]

    assert "ban the number" in warning["warning"]
    assert verdict == "bad"
    assert "link" in said.lower()


# --- given to an agent ----------------------------------------------------------------------------


@pytest.mark.parametrize("is_called", [True, False], ids=["called", "asking"])
async def test_an_agent_is_given_the_one_sender_whose_instance_is_set_up_by_itself(
    start_hub: StartHub, green: Instance, is_called: bool
) -> None:
    off = {"webhookUrl": "", "incomingWebhook": "no", "outgoingWebhook": "no"}
    green.double.settings |= off
    async with start_hub(toml=green.called() if is_called else green.toml()) as hub:
        admin = await hub.admin()
        wish = {"displayName": "Ada", "country": "US", "capabilities": {"whatsapp": True}}

        given = await admin.call("comms_provision_channels", agentId="ada", **wish)
        other = await admin.call("comms_provision_channels", agentId="eve", **wish)

        assert given["channels"]["whatsapp"] == {"number": HUB, "status": "active"}
        assert other["channels"]["whatsapp"]["status"] == "failed"
        door = f"{hub.base_url}/webhooks/connections/greenapi/whatsapp/{CONFIG['webhook_secret']}"
        settings = green.double.settings
        assert settings["webhookUrl"] == (door if is_called else "")
        assert (settings["incomingWebhook"], settings["outgoingWebhook"]) == ("yes", "yes")
        if not is_called:
            green.notify(7, received(text_data("hello")))
        else:
            told = webhook(received(text_data("hello")), door)
            path = door.removeprefix(hub.base_url)
            answer = await hub.client.post(path, content=told.body, headers=dict(told.headers))
            assert answer.status_code == 200, answer.text
        ada = hub.caller(given["securityToken"])
        (message,) = await hub.until(lambda: ada.inbox(channel="whatsapp"), bool)
        assert message["from"] == PERSON


async def test_the_pool_holds_the_accounts_own_sender_and_says_what_it_lacks(
    start_hub: StartHub, green: Instance
) -> None:
    green.double.state = "notAuthorized"
    waiting = '[pool]\nwhatsapp_size = 1\nwhatsapp_display_name = "Acme"\n'
    async with start_hub(toml=green.toml() + waiting) as hub:

        async def senders() -> list[dict[str, Any]]:
            shown: list[dict[str, Any]] = (await hub.local("pool_show"))["whatsapp"]["senders"]
            return shown

        async def until(**states: int) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = await hub.until(
                senders, lambda now: Counter(each["status"] for each in now) == states
            )
            return found

        (lacking,) = await until(rejected=1)
        assert "scan its QR code" in lacking["reason"]
        green.double.state = "authorized"
        await until(active=1)

        wish = {"agentId": "ada", "capabilities": {"whatsapp": True}}
        given = await (await hub.admin()).call("comms_provision_channels", **wish)

        assert given["channels"]["whatsapp"] == {"number": HUB, "status": "active"}
        failed, _ = await until(failed=1, assigned=1)
        assert "Every WhatsApp sender of the connection is an agent's" in failed["reason"]
