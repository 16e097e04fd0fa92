"""What no client should send, the same at every run: bytes that are no JSON-RPC message, mostly."""

import json
import random
from collections.abc import Iterator
from typing import Any

_CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "comms_get_status", "arguments": {"id": "msg_0"}},
}
_ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        5.0,
        1.5,
        1e300,
        2**63,
        10**30,
        "",
        "a",
        "\0",
        "\ud83d",
        "x" * 2_000,
    ),
    *([], {}, [[]], {"a": {}}, [1, 2], {"jsonrpc": "2.0"}, "2.0", "1.0", "notifications", "ping"),
]
_RAW = [
    b"",
    b" ",
    b"\t",
    b"null",
    b"true",
    b'""',
    b"[]",
    b"{}",
    b"[[]]",
    b"0",
    b"-",
    b"NaN",
    b"Infinity",
    b'{"jsonrpc"',
    b"Content-Length: 17",
    b"GET / HTTP/1.1",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"\xc3\x28",
    b"\x00",
    b"'single'",
    b'{"id":1e999,"jsonrpc":"2.0","method":"ping"}',
    b'{"id":%s,"jsonrpc":"2.0","method":"ping"}' % (b"9" * 5_000),
    b"[" * 300 + b"]" * 300,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b"[" * 100_000,
    b'"' + b"x" * 1_100_000 + b'"',
]


def garbage(count: int) -> Iterator[bytes]:
    """Yield so many lines, none of which holds a line break."""
    chance = random.Random(17)
    for number in range(count):
        yield _RAW[number] if number < len(_RAW) else _made(chance)


def _made(chance: random.Random) -> bytes:
    message = json.loads(json.dumps(_CALL))
    for _ in range(chance.randint(1, 3)):
        _spoil(message, chance)
    written: Any = message if chance.random() < 0.9 else [message, message]
    raw = json.dumps(written, ensure_ascii=True).encode()
    match chance.randrange(4):
        case 0:
            raw = raw[: chance.randrange(len(raw))]
        case 1:
            place = chance.randrange(len(raw))
            raw = raw[:place] + bytes([chance.randrange(32, 256)]) + raw[place + 1 :]
    return raw.replace(b"\n", b" ")


def _spoil(message: dict[str, Any], chance: random.Random) -> None:
    match chance.randrange(5):
        case 0:
            message.pop(chance.choice([*message, "id"]), None)
        case 1:
            message[chance.choice(["jsonrpc", "id", "method", "params"])] = chance.choice(_ODD)
        case 2:
            message[chance.choice(["result", "error", "extra"])] = chance.choice(_ODD)
        case 3:
            message["params"] = {"name": chance.choice(_ODD), "arguments": chance.choice(_ODD)}
        case 4:
            message["params"] = {"_meta": chance.choice(_ODD), "cursor": chance.choice(_ODD)}


def owes_an_answer(raw: bytes) -> bool:
    """Tell whether its sender may wait for an answer: not to a notification, nor to a response."""
    try:
        message = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return True
    if not isinstance(message, dict) or "method" in message:
        return True  # of notifications the garbage holds none
    answers = (isinstance(message.get(each), dict) for each in ("result", "error"))
    return not any(answers)
