"""Texts that nobody could read, and what a refusal says of one."""

import pytest

from tests.flows.houses import House, refused
from tests.flows.hubs import HANDSET

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("body", ["\u200b", "\u00ad \ufeff", "\u3164", "\u2800\n", "\ufe0f", ""])
async def test_a_text_that_shows_nothing_is_empty(house: House, body: str) -> None:
    assert refused(await house.ann.try_send(HANDSET, body), 422, "invalid")


async def test_a_refusal_keeps_its_abbreviations(house: House) -> None:
    response = await house.ann.try_send(HANDSET, "\0")

    assert response.json()["detail"] == "body: NUL cannot be sent."
