"""The hub's own sinks: the log, the signed webhook, and what an agent's channels carry."""

import base64
import json
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.houses import refused
from tests.flows.hubs import ANN, DEMO, HANDSET, Served, StartHub
from tests.flows.networks import ALICE, WIRE, Network
from tests.flows.receivers import BROKEN, TAKEN, receiving
from tests.flows.test_alerts import MINUTE, note, rows
from trunkline.core.alerts.models import AlertKind
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import SendMessage
from trunkline.core.sending.service import Messages
from trunkline.sdk import NotConfigured

__all__ = ["clock"]

SECRET = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
WEBHOOK = f"""
[messages]
callback_allow = ["http://127.0.0.1:PORT"]
[sinks.webhook]
url = "http://127.0.0.1:PORT/inbound"
secret = "{SECRET}"
"""
CARRIED = """
[alerts]
from_agent = "ann"
min_severity = "HIGH"
timezone = "Europe/Berlin"
"""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.core.alerts.alarms.GATHER_S", 0.01)


async def test_a_webhook_is_signed_and_says_what_is_wrong_and_that_it_is_over(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with receiving(BROKEN, TAKEN) as receiver:
        toml = DEMO + WEBHOOK.replace("PORT", receiver.server.url.rpartition(":")[2])
        async with start_hub(clock=clock, toml=toml) as hub:
            note(hub, AlertKind.PROVIDER_DOWN, "twilio")
            await hub.until(lambda: rows(hub), lambda found: len(found) == 2)
            clock.travel(MINUTE)  # the first was not taken
            await hub.until(lambda: rows(hub), lambda found: found[1]["told"] == 1)
            hub.running.hub.alarms.over(AlertKind.PROVIDER_DOWN, "twilio")

            async def posted() -> int:
                return len(receiver.posts)

            await hub.until(posted, lambda count: count == 3)

    first, again, over = receiver.posts
    told = Webhook(SECRET).verify(again.body, again.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(again.body.replace("twilio", "resend"), again.headers)
    assert first.id == again.id != over.id
    assert told["type"] == "alert"
    data = told["data"]
    assert (data["kind"], data["subject"]) == ("provider.down", "twilio")
    assert (data["severity"], data["telling"], data["over"]) == ("CRITICAL", 1, False)
    assert over.event["data"]["over"] is True


async def test_a_webhook_within_the_network_is_no_sink_unless_it_is_allowed(
    start_hub: StartHub,
) -> None:
    toml = DEMO + WEBHOOK.partition("[sinks")[0].partition("[messages")[0]
    toml += WEBHOOK.partition('PORT"]\n')[2].replace("PORT", "9")
    async with start_hub(toml=toml) as hub:
        tried = await hub.local("alerts_test", sink="webhook")

    (found,) = tried["sinks"]
    assert not found["taken"]
    assert "callback_allow" in found["reason"]
    assert SECRET not in json.dumps(tried)


async def read_of(hub: Served, page: str) -> list[Any]:
    """Return what a handset or a mailbox of the simulated network has."""
    found: list[Any] = (await hub.client.get(f"/demo/handsets/{page}/messages")).json()["items"]
    return found


async def test_an_agents_own_channels_carry_alerts_to_an_operator(
    start_hub: StartHub, clock: Ahead
) -> None:
    toml = DEMO.replace('telephony = "demo"', 'telephony = "demo"\nemail = "demo"') + CARRIED
    environ = {"ADMIN_ALERT_PHONE": HANDSET, "ADMIN_ALERT_EMAIL": "ops@people.example"}
    async with start_hub(clock=clock, toml=toml, environ=environ) as hub:
        values = {"phone": ANN, "email": "ann@agents.example"}
        await hub.local("agents_create", id="ann", values=values)
        tried = await hub.local("alerts_test", severity="CRITICAL")
        note(hub, AlertKind.CAP_BREACHED, "ben")
        await hub.until(lambda: rows(hub), lambda found: bool(found) and found[0]["told"] == 1)
        text = (await read_of(hub, HANDSET))[0]
        mail = (await read_of(hub, "ops@people.example"))[0]
        note(hub, AlertKind.DEPROVISIONED, "ben")
        clock.travel(25 * 60 * MINUTE)
        await hub.until(lambda: rows(hub), lambda found: found[0]["dueAt"] is None)
        count = len(await read_of(hub, HANDSET))

    assert {each["sink"]: each["taken"] for each in tried["sinks"]} == {
        "log": True,
        "email": True,
        "sms": True,
    }
    assert "[HIGH] spend.cap_breached ben" in text["body"]
    assert mail["subject"] == "[HIGH] spend.cap_breached ben"
    assert count == 2


async def test_a_whatsapp_template_carries_them_where_one_is_named(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[SendMessage] = []
    send = Messages.send

    async def watched(self: Messages, principal: Any, agent_id: str, command: Any) -> Any:
        commands.append(command)
        return await send(self, principal, agent_id, command)

    monkeypatch.setattr(Messages, "send", watched)
    toml = DEMO + CARRIED + 'whatsapp_template = "hub_alert"\n'
    async with start_hub(toml=toml, environ={"ADMIN_WHATSAPP_NUMBER": HANDSET}) as hub:
        await hub.agent("ann", ANN)
        tried = await hub.local("alerts_test", sink="whatsapp")

    (command,) = commands
    assert (command.channel, command.to) == ("whatsapp", HANDSET)
    line = "[LOW] test This is a test: nothing is wrong."
    assert command.content == Content(
        body="", template="hub_alert", template_values=(("alert", line),)
    )
    assert not tried["sinks"][0]["taken"]  # the agent has no WhatsApp here


async def test_what_the_gate_refuses_is_a_sink_that_failed(start_hub: StartHub) -> None:
    network = Network()
    toml = WIRE + CARRIED + f'phone = "{ALICE}"\n[money]\nallowed_countries = ["GB"]\n'
    async with start_hub(
        plugins=network.plugins(), toml=toml, environ={"TRUNKLINE_MONEY__ALLOWED_COUNTRIES": "GB"}
    ) as hub:
        await hub.agent("ann", "+442071838750")
        tried = await hub.local("alerts_test", sink="sms")
        note(hub, AlertKind.CAP_BREACHED, "ben")
        found = await hub.until(lambda: rows(hub), lambda found: len(found) == 2)
        await keep_still()

    assert not tried["sinks"][0]["taken"]
    assert {each["kind"] for each in found} == {"spend.cap_breached", "alert_sink.failed"}
    assert network.asked == []


async def test_alerts_are_read_by_rest_by_admins_alone(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann, admin = await hub.agent("ann", ANN), await hub.admin()
        for agent in ("a", "b", "c"):
            note(hub, AlertKind.CAP_BREACHED, agent)
            note(hub, AlertKind.DEPROVISIONED, agent)
        await hub.until(lambda: rows(hub), lambda found: len(found) == 6)
        page = (await admin.get("/api/v1/alerts?limit=4")).json()
        rest = (await admin.get(f"/api/v1/alerts?limit=4&cursor={page['nextCursor']}")).json()
        assert refused(await ann.get("/api/v1/alerts"), 403, "forbidden")
        assert refused(await admin.get("/api/v1/alerts?agentId=ann"), 422, "invalid")
        bad = await admin.call("alerts_list", severity="high")
        await admin.call("alerts_ack", id=bad["alerts"][0]["id"])
        still = await admin.call("alerts_list", open=True)
        assert refused(await ann.post("alerts_list", {}), 404, "not_found")

    items = [*page["items"], *rest["items"]]
    assert len({each["id"] for each in items}) == len(items) == 6
    assert rest["nextCursor"] is None
    assert {each["kind"] for each in bad["alerts"]} == {"spend.cap_breached"}
    assert len(still["alerts"]) == 5


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[alerts]\nsinks = ["pager"]\n', "'pager'"),
        ('[sinks.pager]\nkey = "1"\n', "'pager'"),
        ('[alerts]\nsinks = ["sms"]\n', "alerts.from_agent"),
        ('[alerts]\nsinks = ["sms"]\nfrom_agent = "ann"\n', "alerts.phone"),
        ('[sinks.log]\nmin_severity = "BAD"\n', "[sinks.log] min_severity"),
        ('[sinks.log]\nlevel = "BAD"\n', "[sinks.log] level"),
        ('[sinks.webhook]\nurl = "https://a.example/"\nsecret = "short"\n', "secret"),
    ],
)
async def test_sinks_that_cannot_be_stop_the_start(
    start_hub: StartHub, toml: str, said: str
) -> None:
    with pytest.raises(NotConfigured) as stopped:
        async with start_hub(toml=DEMO + toml):
            pass
    assert said in str(stopped.value)
    assert "short" not in str(stopped.value)
