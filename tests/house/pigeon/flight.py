"""Pigeons through a whole hub, run by `test_pigeons` on the copy of the sources that knows them."""

from pathlib import Path

from tests.flows.hubs import DEMO, serve

TOML = DEMO.replace("[slots]", '[slots]\npigeon = "loft"')
ADA, BOB = "loft:dover-1", "loft:calais-1"


async def test_a_pigeon_flies_by_mcp_and_by_rest_from_agent_to_agent(tmp_path: Path) -> None:
    async with serve(tmp_path, toml=TOML, migrate=True) as hub:
        ada, bob = await hub.agent("ada"), await hub.agent("bob")
        for name, loft in (("ada", ADA), ("bob", BOB.upper())):
            await hub.local("agents_set", id=name, values={"pigeon": loft})
        letter = {"channel": "pigeon", "to": BOB, "body": "Coo."}
        async with ada.mcp() as client:
            tools = {each.name: each for each in (await client.list_tools()).tools}
            sent = (await client.call_tool("comms_send_message", letter)).structured_content
        assert sent is not None
        inbox = await hub.until(lambda: bob.inbox(channel="pigeon"), bool)
        answer = await bob.call(
            "comms_send_message",
            channel="pigeon",
            to=inbox[0]["from"],
            body="Coo, coo.",
            replyTo=inbox[0]["id"],
        )
        back = await hub.until(lambda: ada.inbox(channel="pigeon", unread=True), bool)
        ended = await hub.until_status(bob, answer["messageId"], "delivered")
        status = await ada.call("comms_get_channel_status")
        refusals = [
            (await ada.post("comms_send_message", {**letter, **wrong})).json()["detail"]
            for wrong in ({"to": "loft:!"}, {"body": "x" * 201}, {"subject": "Hm"})
        ]
        doctor = await hub.local("doctor")

    assert sent["status"] in {"sent", "delivered"}
    assert [(each["from"], each["to"], each["body"]) for each in inbox] == [(ADA, BOB, "Coo.")]
    assert (back[0]["from"], back[0]["body"]) == (BOB, "Coo, coo.")
    assert ended["history"]
    assert status["channels"]["pigeon"].pop("monthlyMessages") > 0
    assert status["channels"]["pigeon"] == {"address": ADA, "status": "active"}
    assert "pigeon" in tools["comms_send_message"].input_schema["properties"]["channel"]["enum"]
    words = ("loft", "200 characters", "has none")
    assert all(map(str.__contains__, refusals, words))
    assert not [each for each in doctor["findings"] if each["verdict"] == "bad"]
