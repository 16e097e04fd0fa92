"""How many things carry a text from the request to the provider: each is one more to keep right."""

import gc
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from pydantic import BaseModel

from tests.flows.hubs import HANDSET, Caller
from trunkline.core.messages.content import Content
from trunkline.sdk import OutboundSms, Receipt
from trunkline_demo.provider import DemoProvider

MOST = 6


def values(thing: object) -> Iterator[object]:
    """Give what the fields of a model or a dataclass hold."""
    if isinstance(thing, BaseModel):
        yield from vars(thing).values()
    elif is_dataclass(thing):
        yield from (getattr(thing, field.name, None) for field in fields(thing))


def carriers(body: str) -> set[type]:
    """Return which of Trunkline's own things hold a text, or its content, at this moment."""
    found: set[type] = set()
    for each in gc.get_objects():
        if type(each).__module__.startswith("trunkline."):
            held = list(values(each))
            contents = (
                getattr(value, "body", None) for value in held if isinstance(value, Content)
            )
            if any(value is body for value in (*held, *contents)):
                found.add(type(each))
    return found


async def test_a_text_has_at_most_six_carriers(
    ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[type] = set()
    send = DemoProvider.send

    async def look(self: DemoProvider, sms: OutboundSms) -> Receipt:
        seen.update(carriers(sms.body))
        return await send(self, sms)

    monkeypatch.setattr(DemoProvider, "send", look)
    await ann.send(HANDSET, "a text whose way is looked at")

    names = {each.__qualname__ for each in seen}
    assert names >= {"SendMessageArguments", "Act", "OutboundSms"}
    assert len(names) <= MOST, sorted(names)
