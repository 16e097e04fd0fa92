"""Whoever guesses tokens waits, by where the guesses come from; and nobody else does."""

from typing import Any

from tests.flows.houses import refused
from tests.flows.hubs import ANN, BEN, Served, StartHub
from tests.flows.test_tokens import BEHIND, kid_of


async def guess(hub: Served, token: str, addresses: str = "198.51.100.1") -> Any:
    """Send a token from an address that a proxy names."""
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": addresses}
    return await hub.client.get("/api/v1/tools", headers=headers)


def wrong(number: int, kid: str | None = None) -> str:
    """Return a token that nobody has issued."""
    return f"tl_agent_{kid or f'{number:012x}'}_{number:064x}"


async def test_who_guesses_waits_and_nobody_else_does(start_hub: StartHub) -> None:
    async with start_hub(toml=BEHIND) as hub:
        ann, ben = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
        admin = await hub.admin()
        assert (await guess(hub, ben.token)).status_code == 200  # beside whoever guesses
        answers = [await guess(hub, wrong(number)) for number in range(40)]
        there = [(await guess(hub, each.token)).status_code for each in (ann, ben)]
        elsewhere = [
            (await guess(hub, each.token, "198.51.100.2")).status_code for each in (ann, admin)
        ]
        events = (await admin.get("/metrics")).text

    assert [each.status_code for each in answers] == [401] * 30 + [429] * 10
    assert refused(answers[-1], 429, "too_many_attempts")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
    assert there == [429, 200]
    assert elsewhere == [200, 200]
    assert 'comms_security_events_total{type="too_many_attempts"}' in events


async def test_whoever_guesses_at_one_token_waits_and_its_owner_does_not(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=BEHIND) as hub:
        ann = await hub.agent("ann", ANN)
        answers = [
            (await guess(hub, wrong(number, kid_of(ann)))).status_code for number in range(7)
        ]
        there = (await guess(hub, ann.token)).status_code
        owner = (await guess(hub, ann.token, "203.0.113.9")).status_code
        other = (await guess(hub, wrong(1))).status_code

    assert answers == [401] * 5 + [429] * 2
    assert (there, owner, other) == (429, 200, 401)


async def test_a_network_of_ipv6_waits_as_one(start_hub: StartHub) -> None:
    async with start_hub(toml=BEHIND) as hub:
        ann = await hub.agent("ann", ANN)
        for number in range(30):
            await guess(hub, wrong(number), f"2001:db8::{number:x}")
        beside = (await guess(hub, ann.token, "2001:db8::ffff")).status_code
        beyond = (await guess(hub, ann.token, "2001:db8:0:1::1")).status_code

    assert (beside, beyond) == (429, 200)


async def test_the_same_wrong_token_again_is_no_further_guess(start_hub: StartHub) -> None:
    async with start_hub(toml=BEHIND) as hub:
        ann = await hub.agent("ann", ANN)
        answers = {(await guess(hub, wrong(7))).status_code for _ in range(50)}
        beside = (await guess(hub, ann.token)).status_code

    assert (answers, beside) == ({401}, 200)


async def test_a_revoked_token_is_no_guess(start_hub: StartHub) -> None:
    async with start_hub(toml=BEHIND) as hub:
        ann = await hub.agent("ann", ANN)
        new = hub.caller((await hub.local("tokens_rotate", id="ann"))["token"])
        answers = {(await guess(hub, ann.token)).status_code for _ in range(40)}
        fresh = (await guess(hub, new.token)).status_code

    assert (answers, fresh) == ({401}, 200)
