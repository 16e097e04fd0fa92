"""What comes over stdio: what is a message, what is answered as none, and what is passed over."""

from codecs import BOM_UTF8
from io import BytesIO
from typing import Any

import pytest

from trunkline.surfaces.http import MAX_BODY_BYTES
from trunkline.surfaces.mcp.pipe import _Answers, _Lines

PING = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n'
LONG = b'{"method":"ping","params":{"a":"%s"},"jsonrpc":"2.0","id":"of a long one"}\n'


class _Told:
    """Keeps what is told instead of passing it on."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def send(self, message: Any) -> None:
        self.messages.append(message.message)


async def _read(stdin: bytes, *opening: bytes) -> tuple[list[str], list[Any]]:
    """Return the lines that are messages, and the errors that the others are answered with."""
    answers, told = _Answers(BytesIO(), answered=opening[:-1]), _Told()
    lines = _Lines(BytesIO(stdin), answers, opening)
    lines.answer_on(told)
    read = []
    async for line in lines:
        read.append(line)
        answers._owed.clear()  # nobody answers here, so nothing is waited for
    return read, told.messages


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"  \t \n"])
async def test_case_a7_blank_lines_are_passed_over(blank: bytes) -> None:
    read, told = await _read(blank + PING % 1 + blank * 2 + PING % 2 + blank)

    assert read == [(PING % 1).decode(), (PING % 2).decode()]
    assert told == []


@pytest.mark.parametrize("begin", [b"", b"\n"])
async def test_case_a7_a_byte_order_mark_before_the_first_message_is_passed_over(
    begin: bytes,
) -> None:
    read, told = await _read(BOM_UTF8 + begin + PING % 1 + BOM_UTF8 + PING % 2)
    opened = await _read(PING % 2, BOM_UTF8 + PING % 1)

    assert read == [(PING % 1).decode()]
    assert [each.error.code for each in told] == [-32700]  # of the second one
    assert opened == ([(PING % 1).decode(), (PING % 2).decode()], [])


@pytest.mark.parametrize("times", [1, 3])
async def test_case_a7_what_is_too_long_is_answered_under_its_own_id_and_the_next_is_taken(
    times: int,
) -> None:
    read, told = await _read(LONG % (b"x" * (MAX_BODY_BYTES * times)) + PING % 1)

    assert read == [(PING % 1).decode()]
    assert [(each.id, each.error.code) for each in told] == [("of a long one", -32600)]


async def test_case_a7_the_largest_batch_is_not_too_long() -> None:
    text = b'{"channel":"sms","to":"+12025550150","body":"%s"}' % (b"\\u5b57" * 1_600)
    call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"messages":[%s]}}\n'
    read, told = await _read(call % b",".join([text] * 500))

    assert (len(read), told) == (1, [])
