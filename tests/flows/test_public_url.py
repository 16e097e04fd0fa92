"""A network that reaches nobody tells of its texts, whether the hub has a public URL or not."""

from tests.flows.hubs import ANN, HANDSET, StartHub


async def test_case_c11_the_simulated_network_needs_no_public_url(start_hub: StartHub) -> None:
    async with start_hub(public=False) as hub:
        ann = await hub.agent("ann", ANN)
        sent = await ann.send(HANDSET, "hello")
        await hub.until_status(ann, sent["messageId"], "delivered")
