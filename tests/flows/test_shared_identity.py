"""Whether those that act have addresses of their own, share them, or both, their tokens decide."""

from tests.flows.hubs import ANN, BEN, HANDSET, StartHub

SENT = "SELECT from_address AS sender FROM messages WHERE direction = 'outbound'"


async def test_two_that_share_an_agent_are_one_to_people_and_apart_to_the_hub(
    start_hub: StartHub,
) -> None:
    async with start_hub() as hub:
        first = await hub.agent("desk", ANN)
        issued = await hub.local("tokens_issue", id="desk")
        second = hub.caller(issued["token"])
        sent = [await each.send(HANDSET, f"Hello {nr}") for nr, each in enumerate((first, second))]
        senders = hub.rows(
            "SELECT from_address AS sender FROM messages WHERE direction = 'outbound'"
        )
        await hub.local("tokens_revoke", target=issued["kid"])
        gone = await second.try_send(HANDSET, "Still here?")
        stays = await first.try_send(HANDSET, "I am.")

    assert [each["status"] for each in sent] == ["sent", "sent"]
    assert {each["sender"] for each in senders} == {ANN}
    assert (gone.status_code, stays.status_code) == (401, 200)


async def test_one_with_a_number_of_its_own_may_share_the_other_channels(
    start_hub: StartHub,
) -> None:
    async with start_hub() as hub:
        own = await hub.agent("ada", BEN)
        await hub.agent("desk", ANN)
        shared = await hub.local("tokens_issue", id="desk", channels=["email"])
        desk = hub.caller(shared["token"])
        text = await own.send(HANDSET, "From my own number.")
        refused = await desk.try_send(HANDSET, "From the desk's number.")
        stored = hub.rows(
            "SELECT from_address AS sender FROM messages WHERE direction = 'outbound'"
        )

    assert text["status"] == "sent"
    assert (refused.status_code, [each["sender"] for each in stored]) == (403, [BEN])
