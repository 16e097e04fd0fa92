"""What an agent greets callers with is spoken once it is set, and not while a caller waits."""

from typing import Any

import httpx2
import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.phones import PHONES, Phones, tell
from trunkline.sdk import RetryLater

__all__ = ["clock"]

HELLO = {"greeting": "This is Ann. Leave a message."}


def kinds(answer: httpx2.Response) -> list[str]:
    return [each["step"] for each in answer.json()]


async def until_spoken(hub: Served) -> None:
    async def sound() -> Any:
        return hub.rows("SELECT greeting_media FROM agent_channels")[0]["greeting_media"]

    await hub.until(sound, bool)


async def rings(hub: Served, number: str = "in1") -> httpx2.Response:
    return await tell(hub, {"call": number, "from": BOB})


@pytest.mark.both(slow=True)
async def test_a_caller_hears_the_greeting_which_was_spoken_before(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones()
    async with start_hub(plugins=phones.plugins(), toml=PHONES, clock=clock) as hub:
        await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values=HELLO)
        await until_spoken(hub)
        clock.travel(30 * 24 * 3600)  # far longer than a text is kept
        answer, again = await rings(hub), await rings(hub)
        heard = await hub.client.get(answer.json()[0]["media"])

    assert kinds(answer) == kinds(again) == ["Play", "Record", "HangUp"]
    assert phones.spoken == [HELLO["greeting"]]
    assert heard.status_code == 200
    assert heard.content[:4] == b"RIFF"
    assert len(heard.content) > 2 * 16_000  # two seconds of it


async def test_an_agent_may_greet_from_its_creation_on(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.local("agents_create", id="ann", values={"phone": ALICE, **HELLO})
        await until_spoken(hub)
        answer = await rings(hub)

    assert kinds(answer)[0] == "Play"


async def test_other_words_are_spoken_anew_and_none_leave_the_tone(start_hub: StartHub) -> None:
    phones = Phones()
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values=HELLO)
        await until_spoken(hub)
        before = hub.rows("SELECT expires_at FROM media")[0]["expires_at"]
        await hub.local("agents_set", id="ann", values={"greeting": "Ann is out."})
        await until_spoken(hub)
        after = hub.rows("SELECT expires_at FROM media ORDER BY id")[0]["expires_at"]
        await hub.local("agents_set", id="ann", values={"greeting": None})
        answer = await rings(hub)

    assert phones.spoken == [HELLO["greeting"], "Ann is out."]
    assert after < before  # the first sound is let go
    assert kinds(answer) == ["Record", "HangUp"]


async def test_until_a_greeting_can_be_spoken_callers_hear_a_tone(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(mute=[RetryLater("Busy.", retry_after_s=1)])
    async with start_hub(plugins=phones.plugins(), toml=PHONES, clock=clock) as hub:
        await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values=HELLO)

        async def asked() -> Any:
            return phones.spoken

        await hub.until(asked, bool)
        tone = await rings(hub)
        clock.travel(600)
        await until_spoken(hub)
        greeted = await rings(hub, "in2")

    assert kinds(tone) == ["Record", "HangUp"]
    assert kinds(greeted) == ["Play", "Record", "HangUp"]


async def test_without_anything_that_speaks_callers_hear_a_tone(start_hub: StartHub) -> None:
    toml = PHONES.replace('tts = "voice"\n', "")
    async with start_hub(plugins=Phones().plugins(), toml=toml) as hub:
        await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values=HELLO)
        answer = await rings(hub)

    assert kinds(answer) == ["Record", "HangUp"]
