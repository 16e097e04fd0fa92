"""How many things carry a text from the request to the provider: each is one more to keep right."""

import gc

import pytest

from tests.flows.hubs import HANDSET, Caller
from trunkline.core.messages.content import Content
from trunkline.sdk import OutboundSms, Receipt
from trunkline_demo.provider import DemoProvider

MOST = 6


def holders(thing: object) -> set[type]:
    """Return Trunkline's own objects that hold a thing, as a field or in a model's fields."""
    found: set[type] = set()
    for each in gc.get_referrers(thing):
        owners = gc.get_referrers(each) if isinstance(each, dict) else [each]
        found.update(
            type(owner) for owner in owners if type(owner).__module__.startswith("trunkline.")
        )
    return found


async def test_a_text_has_at_most_six_carriers(
    ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[type] = set()
    send = DemoProvider.send

    async def look(self: DemoProvider, sms: OutboundSms) -> Receipt:
        seen.update(holders(sms.body))
        for each in gc.get_objects():
            if type(each) is Content and each.body is sms.body:
                seen.update(holders(each))
        return await send(self, sms)

    monkeypatch.setattr(DemoProvider, "send", look)
    await ann.send(HANDSET, "a text whose way is looked at")

    assert len(seen) <= MOST
    assert {each.__qualname__ for each in seen} >= {"SendMessageArguments", "OutboundSms"}
