"""What a model is shown of long messages fits what hosts let through, and says what is left out."""

import json
from typing import Any

import pytest

from trunkline.surfaces.mcp.fences import fenced
from trunkline.surfaces.mcp.shortening import MOST_BYTES, MOST_BYTES_EACH, MOST_LISTED, shortened

ID = "msg_" + "0" * 32
LONG = MOST_BYTES_EACH + 1


def page(*bodies: str, **more: Any) -> dict[str, Any]:
    shown = [
        {"id": ID, "body": each, "bodyState": "held", "untrusted": True, "from": "+1", **more}
        for each in bodies
    ]
    return {"messages": shown, "totalCount": len(shown), "nextCursor": None}


def test_what_is_short_is_left_alone() -> None:
    given = page("hello", "x" * MOST_BYTES_EACH, cc=["a@people.example"])

    assert shortened(json.loads(json.dumps(given))) == given


def test_a_long_text_is_cut_and_says_where_to_read_on() -> None:
    (shown,) = shortened(page("x" * 300_000))["messages"]

    assert shown["body"] == "x" * MOST_BYTES_EACH
    assert shown["cut"] == (
        f"body is shown from character 0 to {MOST_BYTES_EACH} of 300000. Read on by "
        f"comms_get_messages with cursor {ID}+{MOST_BYTES_EACH}."
    )


def test_who_reads_on_gets_more_of_it() -> None:
    (shown,) = shortened(page("y" * 50_000), f"{ID}+8000")["messages"]

    assert len(shown["body"]) == MOST_BYTES
    assert shown["cut"].startswith("body is shown from character 8000 to 48000 of 58000.")


def test_of_several_texts_the_one_cut_first_is_where_reading_goes_on() -> None:
    given = page("é" * LONG, html="x" * LONG)
    (shown,) = shortened(given)["messages"]

    assert shown["body"] == "é" * (MOST_BYTES_EACH // 2)
    assert shown["cut"].endswith(f"with cursor {ID}+{MOST_BYTES_EACH // 2} and includeHtml.")


def test_a_page_of_long_texts_fits_as_a_whole_and_short_ones_stay_whole() -> None:
    result = shortened(page(*["x" * LONG] * 49, "short"))
    bodies = [each["body"] for each in result["messages"]]

    assert bodies[-1] == "short"
    assert MOST_BYTES - 50 < sum(map(len, bodies)) <= MOST_BYTES
    assert len(json.dumps(fenced(result))) < 80_000


def test_a_character_is_never_cut_in_two() -> None:
    (shown,) = shortened(page("a" + "字" * LONG))["messages"]

    assert set(shown["body"][1:]) == {"字"}


@pytest.mark.parametrize("name", ["alsoTo", "cc", "attachments"])
def test_of_a_long_list_the_first_are_shown(name: str) -> None:
    (shown,) = shortened(page("hello", **{name: ["x"] * 2_000}))["messages"]

    assert shown[name] == ["x"] * MOST_LISTED
    assert shown["cut"] == f"{name} shows {MOST_LISTED} of 2000."


def test_a_reply_that_was_awaited_is_cut_too() -> None:
    (given,) = page("x" * LONG)["messages"]

    assert len(shortened(given)["body"]) == MOST_BYTES_EACH
    assert shortened({"waiting": True, "cursor": ID}) == {"waiting": True, "cursor": ID}
