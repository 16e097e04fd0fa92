"""What the suite cannot know: Deepgram's parameters, projects and frames."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest

from plugins.deepgram.tests.suite import DeepgramSuite
from plugins.deepgram.tests.vendor import ANSWERS, CONFIG, ENDED, PROJECT, results
from trunkline.sdk import (
    Account,
    AudioFormat,
    AuthFailed,
    OutcomeUnknown,
    Rejected,
    SttProvider,
)
from trunkline.testing import Answer, Canned, Live, Wire, provider_context
from trunkline.testing.live import Listened, read_all, until
from trunkline_deepgram.config import DeepgramConfig
from trunkline_deepgram.live import KEEP_ALIVE
from trunkline_deepgram.plugin import DEEPGRAM

T = TypeVar("T")
SUITE = DeepgramSuite()


def ask(wire: Wire, question: Callable[[SttProvider], Awaitable[T]], model: str = "nova-3") -> T:
    """Open the adapter as the hub does, and ask it something."""
    config = DeepgramConfig.model_validate({**CONFIG, "model": model})

    async def opened() -> T:
        async with wire.client() as http, DEEPGRAM.open(config, provider_context(http)) as account:
            return await question(account)

    return asyncio.run(opened())


def parameters(language: str | None, model: str, audio_format: AudioFormat) -> dict[str, str]:
    """Return the query of a recording's request."""
    wire = Wire(ANSWERS["transcribed"])
    recording = SUITE.recording(format=audio_format, language=language, phrases=("Trunkline",))
    ask(wire, lambda each: each.transcribe(recording), model)
    (request,) = wire.requests
    return dict(request.url.params)


def test_sound_without_a_header_is_described_and_sound_with_one_is_not() -> None:
    shared = {
        "model": "nova-3",
        "smart_format": "true",
        "mip_opt_out": "true",
        "keyterm": "Trunkline",
        "language": "de",
    }

    assert parameters("de", "nova-3", AudioFormat.MULAW_8000) == {
        **shared,
        "encoding": "mulaw",
        "sample_rate": "8000",
    }
    assert parameters("de", "nova-3", AudioFormat.PCM_16000) == {
        **shared,
        "encoding": "linear16",
        "sample_rate": "16000",
    }
    assert parameters("de", "nova-3", AudioFormat.OGG_OPUS) == shared


def test_a_language_that_is_not_known_is_found_out() -> None:
    asked = parameters(None, "nova-3", AudioFormat.WAV)

    assert asked["detect_language"] == "true"
    assert "language" not in asked


def test_a_model_that_knows_no_key_terms_is_told_none() -> None:
    assert "keyterm" not in parameters("de", "nova-2-phonecall", AudioFormat.WAV)


@pytest.mark.parametrize(
    ("answers", "account"),
    [
        (
            [Canned(status=200, json={"projects": []})],
            Account(notes=("The API key belongs to no project: make another one.",)),
        ),
        (
            [ANSWERS["account"][0], Canned(status=403, json={"err_code": "INSUFFICIENT"})],
            Account(name="Ann's shop"),
        ),
        (
            [
                ANSWERS["account"][0],
                Canned(status=200, json={"balances": [{"amount": 3.5, "units": "hour"}]}),
            ],
            Account(name="Ann's shop"),
        ),
        (
            [
                ANSWERS["account"][0],
                Canned(
                    status=200,
                    json={
                        "balances": [{"amount": 1.5, "units": "USD"}, {"amount": 1, "units": "usd"}]
                    },
                ),
            ],
            Account(name="Ann's shop", balance_micros=2_500_000, currency="USD"),
        ),
    ],
)
def test_an_account_tells_what_the_key_may_read(answers: list[Answer], account: Account) -> None:
    wire = Wire(answers)

    assert ask(wire, lambda each: each.verify()) == account
    assert [each.url.path for each in wire.requests] == [
        "/v1/projects",
        f"/v1/projects/{PROJECT}/balances",
    ][: len(answers)]


def test_a_balance_that_is_no_number_is_no_balance() -> None:
    endless = Canned(status=200, content=b'{"balances": [{"amount": 1e999, "units": "usd"}]}')

    with pytest.raises(OutcomeUnknown):
        ask(Wire([ANSWERS["account"][0], endless]), lambda each: each.verify())


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("A" * 48, "A" * 48),
        ("A" * 49, None),
        ("Bad Request", "Bad Request"),
        ("he said: Bad Request", None),
        (7, None),
    ],
)
def test_a_code_is_passed_on_and_no_sentence(code: object, told: str | None) -> None:
    wire = Wire(Canned(status=400, json={"err_code": code}))

    with pytest.raises(Rejected, match=r"\(400\)\.$") as caught:
        ask(wire, lambda each: each.transcribe(SUITE.recording()))

    assert caught.value.provider_code == told


def test_a_key_that_may_do_nothing_is_for_an_operator() -> None:
    forbidden = Canned(status=403, json={"err_code": "INSUFFICIENT_PERMISSIONS"})

    with pytest.raises(AuthFailed) as caught:
        ask(Wire(forbidden), lambda each: each.verify())

    assert caught.value.provider_code == "INSUFFICIENT_PERMISSIONS"


@pytest.mark.parametrize(
    ("model", "language", "asked"),
    [
        *(("nova-3", None, "multi"), ("nova-3", "de", "de")),
        *(("nova-2", "de", "de"), ("base", None, None)),
    ],
)
def test_a_stream_without_a_language_is_of_many(
    model: str, language: str | None, asked: str | None
) -> None:
    class Suite(DeepgramSuite):
        config = {**CONFIG, "model": model}  # noqa: RUF012 - a suite's are class variables

    (request,) = Suite().listened(Live(), language=language).wire.requests

    query = parse_qs(urlsplit(request.path).query)
    assert query.get("language") == (None if asked is None else [asked])


def test_a_stream_is_described_to_the_last_parameter() -> None:
    (request,) = SUITE.listened(Live(), phrases=("a&b", "c")).wire.requests

    assert urlsplit(request.path).path == "/v1/listen"
    assert parse_qs(urlsplit(request.path).query) == {
        "model": ["nova-3"],
        "smart_format": ["true"],
        "mip_opt_out": ["true"],
        "encoding": ["mulaw"],
        "sample_rate": ["8000"],
        "keyterm": ["a&b", "c"],
        "channels": ["1"],
        "interim_results": ["true"],
        "endpointing": ["300"],
        "utterance_end_ms": ["1000"],
        "language": ["multi"],
    }


def test_a_stream_that_is_refused_tells_the_code() -> None:
    error = SUITE.listened(ANSWERS["bad_credentials"]).error

    assert isinstance(error, AuthFailed)
    assert error.provider_code == "INVALID_AUTH"


async def test_a_server_that_speaks_no_websocket_opens_no_stream() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    heard = Listened(wire=SUITE.live_wire(Live()))
    heard.wire.url = f"http://127.0.0.1:{port}"
    async with server, SUITE.connectable(heard.wire, heard.log) as account:
        stream = account.listen(heard.source.read(heard), AudioFormat.MULAW_8000)
        with pytest.raises(OutcomeUnknown):
            await read_all(stream, heard)

    assert not heard.source.asked


def test_silence_is_kept_alive_by_a_frame_of_text() -> None:
    async def silence(heard: Listened) -> None:
        await until(lambda: heard.wire.frames)
        heard.clock.travel(4.0)
        await until(lambda: KEEP_ALIVE in heard.wire.frames)

    assert SUITE.listened(Live(), before={3: silence}).error is None


@pytest.mark.parametrize(
    ("reason", "error", "code"),
    [
        ("DATA-0000", Rejected, "DATA-0000"),
        ("NET-0001", OutcomeUnknown, "NET-0001"),
        ("the caller said so", OutcomeUnknown, None),
    ],
)
def test_why_a_stream_broke_off_is_told_by_its_code(
    reason: str, error: type[Rejected | OutcomeUnknown], code: str | None
) -> None:
    heard = SUITE.listened(Live(breaks_off=1008, reason=reason))

    assert isinstance(heard.error, error)
    assert heard.error.provider_code == code
    assert "caller" not in str(heard.error)


def test_a_stretch_that_cannot_be_read_does_not_go_missing_unseen() -> None:
    broken = json.loads(results("the invoice.", 1.8, 1.2))
    del broken["channel"]

    heard = SUITE.listened(Live(says=[json.dumps(broken)]))

    assert isinstance(heard.error, OutcomeUnknown)


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ([results("Hello.", 0.0, 1.0, speech_final=True), ENDED, ENDED], [("Hello.", True)]),
        ([results("Hello.", 0.0, 1.0), ENDED, ENDED], [("Hello.", False), ("", True)]),
        ([results("", 0.0, 1.0, speech_final=True), ENDED], []),
        ([ENDED], []),
    ],
)
def test_a_turn_ends_once_and_only_where_somebody_spoke(
    says: list[str], told: list[tuple[str, bool]]
) -> None:
    heard = SUITE.listened(Live(says=says))

    assert heard.error is None
    assert [(each.text, each.ends_turn) for each in heard.told] == told


def test_the_settings_may_stand_in_the_environment() -> None:
    extras = {name: field.json_schema_extra for name, field in DeepgramConfig.model_fields.items()}

    assert extras == {
        "api_key": {"env": "DEEPGRAM_API_KEY"},
        "model": {"env": "DEEPGRAM_MODEL"},
        "base_url": None,
    }
