"""What is a JSON-RPC message, and what is told to whoever sent none."""

import json

import pytest

from trunkline.surfaces.mcp.envelopes import NoMessage, read_message

PING = '{"jsonrpc":"2.0","id":%s,"method":"ping"}'
LAST = '{"method":"ping","params":%s,"jsonrpc":"2.0","id":%s}'
DEEP = '{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":%s}}'


@pytest.mark.parametrize(
    ("raw", "code", "id_"),
    [
        ("garbage", -32700, None),
        ("", -32700, None),
        ("{", -32700, None),
        ("NaN", -32700, None),
        (PING % "9" * 5_000, -32700, None),
        ("\ufeff{}", -32700, None),
        ("[]", -32600, None),
        (f"[{PING % 1}]", -32600, None),
        ("null", -32600, None),
        (PING % "5.0", -32600, 5.0),
        (PING % "1.5", -32600, 1.5),
        (PING % "1e999", -32600, None),
        (PING % "null", -32600, None),
        (PING % "true", -32600, None),
        (PING % "[1]", -32600, None),
        (PING % '"\\ud83d"', -32600, None),
        ('{"id":7,"method":"ping"}', -32600, 7),
        ('{"jsonrpc":"1.0","id":7,"method":"ping"}', -32600, 7),
        ('{"jsonrpc":2.0,"id":7,"method":"ping"}', -32600, 7),
        ('{"jsonrpc":"2.0","id":7,"method":5}', -32600, 7),
        ('{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}', -32600, 7),
        ('{"jsonrpc":"2.0","id":7,"method":"ping","params":null}', -32600, 7),
        ('{"jsonrpc":"2.0","id":7,"id":8,"method":"ping"}', -32600, None),
        ('{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', -32600, 7),
        ('{"jsonrpc":"2.0","id":7}', -32600, 7),
        ('{"jsonrpc":"2.0","id":7,"result":5}', -32600, 7),
        ('{"jsonrpc":"2.0","method":"tools/call"}', -32600, None),
        (DEEP % '"\\ud83d"', -32600, 7),
        (DEEP % ("[" * 31 + "]" * 31), -32600, 7),
        (DEEP % ("[" * 300 + "]" * 300), -32600, 7),
        (DEEP % ("[" * 100_000 + "]" * 100_000), -32600, 7),
        (DEEP % f'"{"x" * 6_300_000}"', -32600, 7),
        (LAST % (f'{{"a":"{"x" * 6_300_000}"}}', "7"), -32600, 7),
        (LAST % (f'{{"a":"{"é" * 3_150_000}"}}', '"se\\u00e9 7"'), -32600, "seé 7"),
        (LAST % ("[" * 100_000 + "]" * 100_000, "7 "), -32600, 7),
        (f'{{"params":{{"a":"{"x" * 6_300_000}","id":5}}}}', -32600, None),
        (f'{{"params":{{"id":5,"a":"{"x" * 6_300_000}"}}}}', -32600, None),
        (f'{{"method":"id","a":"\\"id\\":5,{"x" * 6_300_000}"}}', -32600, None),
    ],
    ids=lambda value: f"{value!s:.50}",
)
def test_case_a7_a8_what_is_no_message_is_an_error_with_the_id_where_it_can_be_read(
    raw: str, code: int, id_: object
) -> None:
    with pytest.raises(NoMessage) as refusal:
        read_message(raw.encode())

    answer = refusal.value.answer()
    assert (answer["jsonrpc"], answer["id"], answer["error"]["code"]) == ("2.0", id_, code)
    json.dumps(answer, allow_nan=False).encode()


@pytest.mark.parametrize(
    "raw",
    [
        PING % 7,
        PING % '"seven"',
        PING % 10**30,
        DEEP % ("[" * 30 + "]" * 30),
        DEEP % '"\\ud83d\\ude00"',
        '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        '{"jsonrpc":"2.0","id":7,"result":{}}',
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}',
    ],
)
def test_what_is_a_message_is_taken_as_it_is(raw: str) -> None:
    assert read_message(raw.encode()) == json.loads(raw)
