"""WhatsApp senders that are registered ahead: bought, reviewed, given to agents, and replaced."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import DEMO, Caller, Served, StartHub
from trunkline.core.engine.repository import Job, JobKind
from trunkline.settings.provisioning import PoolSettings

__all__ = ["clock"]
HOUR_S = 3600
TOML = (
    DEMO.replace('telephony = "demo"', 'telephony = "demo"\nwhatsapp = "demo"')
    + 'review_ms = 0\n[pool]\nwhatsapp_size = 2\nwhatsapp_display_name = "Acme"\n'
)
SELLS_NONE = "[provisioning]\nmax_number_price_per_month = 0\n"
WHATSAPP = {"whatsapp": True}
BOTH = {"phone": True, "whatsapp": True}


async def provision(by: Caller, agent_id: str, **more: Any) -> dict[str, Any]:
    wish = {"agentId": agent_id, "displayName": agent_id.title(), "country": "US", **more}
    return await by.call("comms_provision_channels", **wish)


async def account(hub: Served) -> dict[str, Any]:
    """What the simulated network has of the hub's."""
    shown: dict[str, Any] = (await hub.client.get("/demo/account")).json()
    return shown


async def pool(hub: Served) -> dict[str, Any]:
    shown: dict[str, Any] = (await hub.local("pool_show"))["whatsapp"]
    return shown


async def until(hub: Served, **states: int) -> list[dict[str, Any]]:
    """Wait until the pool's senders are in these states, and return them."""
    shown = await hub.until(lambda: pool(hub), lambda now: now["states"] == states)
    senders: list[dict[str, Any]] = shown["senders"]
    return senders


async def review(hub: Served, number: str, *, refused: bool) -> None:
    said = {"number": number, "refused": refused}
    assert (await hub.client.post("/demo/senders/review", json=said)).status_code == 200


async def test_without_the_setting_nothing_is_bought(start_hub: StartHub) -> None:
    async with start_hub(toml=sized(0)) as hub:
        await keep_still()

        assert "whatsapp" not in await hub.local("pool_show")
        assert (await account(hub))["bought"] == 0


@pytest.mark.both
async def test_an_agent_has_whatsapp_at_once_and_its_place_is_filled_again(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=TOML) as hub:
        waiting = await until(hub, active=2)
        assert {each["display_name"] for each in (await account(hub))["senders"]} == {"Acme"}
        assert (await pool(hub))["monthlyPrice"] == {
            "USD": pytest.approx(sum(each["monthlyPrice"] for each in waiting))
        }

        given = await provision(await hub.admin(), "ada", capabilities=WHATSAPP)

        number = given["channels"]["whatsapp"]["number"]
        assert given["channels"]["whatsapp"] == {"number": number, "status": "active"}
        assert given["channels"]["phone"] is None
        assert number in {each["phoneNumber"] for each in waiting}
        senders = await until(hub, active=2, assigned=1)
        [ada] = [each for each in senders if each["status"] == "assigned"]
        assert (ada["agentId"], ada["phoneNumber"]) == ("ada", number)
        held = await account(hub)
        assert held["bought"] == len(held["senders"]) == 3
        names = {each["number"]: each["display_name"] for each in held["senders"]}
        assert Counter(names.values()) == {"Acme": 2, "Ada": 1}
        assert names[number] == "Ada"


async def test_an_agent_that_wants_a_number_too_gets_that_of_its_sender(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=sized(1)) as hub:
        [waiting] = await until(hub, active=1)
        admin = await hub.admin()

        both = await provision(admin, "ada", capabilities=BOTH)
        await until(hub, active=1, assigned=1)
        late = await provision(admin, "eve", capabilities=WHATSAPP)
        later = await provision(admin, "eve", capabilities=BOTH)

        assert both["channels"]["phone"]["number"] == waiting["phoneNumber"]
        assert both["channels"]["whatsapp"]["number"] == waiting["phoneNumber"]
        assert later["channels"]["phone"]["number"] == late["channels"]["whatsapp"]["number"]
        await until(hub, active=1, assigned=2)
        assert (await account(hub))["bought"] == 3


async def test_an_agent_of_another_country_gets_none(start_hub: StartHub) -> None:
    async with start_hub(toml=TOML) as hub:
        await until(hub, active=2)
        wish = {"agentId": "ada", "country": "GB", "capabilities": WHATSAPP}

        refused = await (await hub.admin()).post("comms_provision_channels", wish)

        assert refused.status_code == 422
        await until(hub, active=2)


@pytest.mark.both
async def test_agents_that_come_at_once_get_different_senders(start_hub: StartHub) -> None:
    async with start_hub(toml=TOML) as hub:
        await until(hub, active=2)
        admin = await hub.admin()

        given = await asyncio.gather(
            *(provision(admin, each, capabilities=BOTH) for each in ("ada", "eve", "ian"))
        )

        assert len({each["channels"]["whatsapp"]["number"] for each in given}) == 3
        await hub.until(lambda: pool(hub), lambda now: now["states"].get("active") == 2)
        held = await account(hub)
        assert held["bought"] == len(held["numbers"]) == 5


@pytest.mark.both
async def test_however_many_fill_it_at_once_no_more_than_its_size_is_bought(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=TOML) as hub:
        filling, now = hub.running.hub.provisioning.filling, hub.running.hub.clock.now()
        job = Job(
            id="row_1",
            workspace_id="default",
            kind=JobKind.SENDER_POOL,
            subject_id="whatsapp",
            due_at=now,
            tries=0,
        )

        await asyncio.gather(*(filling.work(job) for _ in range(8)))

        await until(hub, active=2)
        await keep_still()
        assert (await account(hub))["bought"] == hub.count("whatsapp_pool") == 2


async def test_what_is_in_review_is_followed(start_hub: StartHub) -> None:
    async with start_hub(toml=TOML.replace("review_ms = 0", "review_ms = 400")) as hub:
        pending = await until(hub, pending_review=2)

        assert "looks at its name" in pending[0]["reason"]
        assert "reason" not in (await until(hub, active=2))[0]


async def test_a_refused_one_says_what_to_do_and_is_not_replaced(
    start_hub: StartHub, clock: Ahead
) -> None:
    toml = sized(1).replace("review_ms = 0", "review_ms = 600000")
    async with start_hub(toml=toml, clock=clock) as hub:
        [waiting] = await until(hub, pending_review=1)
        number = waiting["phoneNumber"]
        await review(hub, number, refused=True)

        [rejected] = await until(hub, rejected=1)
        wish = {"agentId": "ada", "country": "US", "capabilities": WHATSAPP}
        none_is_ready = await (await hub.admin()).post("comms_provision_channels", wish)
        assert none_is_ready.status_code == 422
        for _ in range(3):
            clock.travel(24 * HOUR_S)
            await keep_still()

        assert "refused its name" in rejected["reason"]
        assert f"pool give-back {number}" in rejected["reason"]
        assert (await account(hub))["bought"] == 1
        await review(hub, number, refused=False)
        clock.travel(HOUR_S)
        await until(hub, active=1)
        await review(hub, number, refused=True)
        await hub.local("pool_give_back", number=number)
        [another] = await until(hub, pending_review=1)
        assert another["id"] != rejected["id"]
        held = await account(hub)
        assert (held["bought"], held["released"], len(held["senders"])) == (2, 1, 1)


async def test_what_cannot_be_bought_is_tried_again_less_and_less_often(
    start_hub: StartHub, clock: Ahead
) -> None:
    dear = TOML + 'whatsapp_country = "SE"\n'
    async with start_hub(toml=dear, clock=clock) as hub:

        async def tries() -> list[int]:
            return [row["tries"] for row in hub.rows("SELECT tries FROM whatsapp_pool")]

        [failed, _] = await until(hub, failed=2)
        assert "max_number_price_per_month" in failed["reason"]
        assert "tried again" in failed["reason"]
        await keep_still()
        assert await tries() == [0, 0]

        clock.travel(601)
        await hub.until(tries, lambda now: now == [1, 1])
        clock.travel(601)
        await keep_still()
        assert await tries() == [1, 1]
        clock.travel(HOUR_S)
        await hub.until(tries, lambda now: now == [2, 2])
        assert (await account(hub))["bought"] == 0


async def test_an_agents_own_sender_goes_to_the_pool_where_there_is_room(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=sized(0)) as hub:
        given = await provision(await hub.admin(), "ada", capabilities=BOTH)
        number = given["channels"]["whatsapp"]["number"]
        pair = [("phone", number, "pooled"), ("whatsapp", number, "pooled")]
    async with start_hub(toml=sized(1)) as hub:
        await until(hub, active=1)
        full = await left(await hub.admin(), "ada")
        assert full == [(*each[:2], "kept") for each in pair]
        admin = await hub.admin()
        again = await provision(admin, "ada", capabilities=BOTH)
        assert again["channels"]["whatsapp"]["number"] == number
    async with start_hub(toml=sized(2) + SELLS_NONE) as hub:
        await until(hub, active=1, failed=1)

        assert await left(await hub.admin(), "ada") == pair

        shown = await until(hub, active=2)

        held = await account(hub)
        assert number in {each["phoneNumber"] for each in shown}
        assert (held["bought"], held["released"]) == (2, 0)
        assert {each["display_name"] for each in held["senders"]} == {"Acme"}
        assert hub.count("agent_addresses") == 0


@pytest.mark.both
async def test_what_came_from_the_pool_ends_with_its_number_where_that_is_asked_for(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=sized(1)) as hub:
        await until(hub, active=1)
        admin = await hub.admin()
        given = await provision(admin, "ada", capabilities=WHATSAPP)
        await until(hub, active=1, assigned=1)
        busy = await hub.operator.post(
            "/api/v1/tools/pool_give_back",
            json={"number": given["channels"]["whatsapp"]["number"]},
        )

        assert await left(admin, "ada", releaseNumber=True) == []

        assert busy.status_code == 409
        assert "agents deprovision" in busy.text
        await until(hub, active=1)
        held = await account(hub)
        assert (held["bought"], held["released"], len(held["senders"])) == (2, 1, 1)
        assert hub.count("whatsapp_pool") == 1
        assert hub.count("provisioning") == 2


async def test_what_came_from_the_pool_goes_back_into_it(start_hub: StartHub) -> None:
    async with start_hub(toml=sized(1)) as hub:
        [waiting] = await until(hub, active=1)
    async with start_hub(toml=sized(1) + SELLS_NONE) as hub:
        admin = await hub.admin()
        await provision(admin, "ada", capabilities=WHATSAPP, country=None)
        await until(hub, failed=1, assigned=1)

        back = await left(admin, "ada")

        assert back == [("whatsapp", waiting["phoneNumber"], "pooled")]
        [again] = await until(hub, active=1)
        assert again["id"] == waiting["id"]
        held = await account(hub)
        assert held["bought"] == 1
        assert [each["display_name"] for each in held["senders"]] == ["Acme"]


async def left(by: Caller, agent_id: str, **more: Any) -> list[tuple[str, str, str]]:
    """Deprovision an agent and return what is not given back."""
    done = await by.call("comms_deprovision_channels", agentId=agent_id, **more)
    return sorted((each["channel"], each["address"], each["status"]) for each in done["left"])


def sized(size: int) -> str:
    return TOML.replace("size = 2", f"size = {size}")


def test_a_size_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="whatsapp_display_name"):
        PoolSettings(whatsapp_size=1)
