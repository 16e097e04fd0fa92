"""A vendor whose token stands in the path of its URL: no log and no error shows it."""

import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
import structlog

from plugins.greenapi.tests.double import Double, refusal_body
from plugins.greenapi.tests.vendor import CONFIG, HUB, MESSAGE, PERSON, TOKEN
from trunkline.egress import open_client
from trunkline.logs import configure_logging, get_log
from trunkline.sdk import ProviderError
from trunkline.testing import provider_context
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.whatsapp import GreenApi, open_greenapi

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
Question = Callable[[GreenApi], Awaitable[object]]


@pytest.fixture(autouse=True)
def _logging_as_verbose_as_it_gets() -> Iterator[None]:
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = root.handlers[:]
    configure_logging("debug")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


async def listen(greenapi: GreenApi) -> None:
    async with aclosing(greenapi.listen(None)) as told:
        async for _ in told:
            pass


QUESTIONS: dict[str, Question] = {
    "send": lambda each: each.send(MESSAGE),
    "fetch": lambda each: each.fetch("3EB0"),
    "find": lambda each: each.find(HUB, PERSON, SINCE),
    "verify": lambda each: each.verify(),
    "listen": listen,
}
ECHO = refusal_body(401, f"Unauthorized: {TOKEN} {PERSON}", f"/waInstance1/sendMessage/{TOKEN}")


def shown(error: BaseException | None) -> str:
    """Return the texts of an error and of everything that led to it."""
    texts = []
    while error is not None:
        texts.append(f"{error} {error!r}")
        error = error.__cause__ or error.__context__
    return " ".join(texts)


async def ask(url: str, question: str, allow: str) -> str:
    """Return what an error says, having logged it as the hub does."""
    asking = {"base_url": url, "webhook_secret": None, "webhook_token": None}
    config = GreenApiConfig.model_validate({**CONFIG, **asking})
    async with (
        open_client(total_s=5, allow=[allow], log=get_log("egress")) as http,
        open_greenapi(config, provider_context(http)) as greenapi,
    ):
        with pytest.raises(ProviderError) as caught:
            await QUESTIONS[question](greenapi)
    get_log("tests").error("adapter.raised", reason=shown(caught.value), exc_info=caught.value)
    logging.getLogger("a library").warning("%s", caught.value, exc_info=caught.value)
    return shown(caught.value)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_refusal_that_quotes_the_token_is_not_passed_on(
    question: str, capfd: pytest.CaptureFixture[str]
) -> None:
    methods = ("sendMessage", "lastOutgoingMessages", "showMessagesQueue", "getStateInstance")
    double = Double(answers=dict.fromkeys((*methods, "receiveNotification"), ECHO))
    with double.serving() as url:
        told = await ask(url, question, url)

    assert double.asked
    assert not [each for each in (TOKEN, PERSON[1:]) if each in f"{told}{capfd.readouterr()}"]


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "listen"])
@pytest.mark.parametrize("trouble", ["refused", "broken", "blocked"])
async def test_a_connection_that_fails_tells_nothing_of_the_token(
    question: str, trouble: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    methods = ("sendMessage", "lastOutgoingMessages", "showMessagesQueue", "getStateInstance")
    double = Double(answers=dict.fromkeys(methods))
    with double.serving() as url:
        match trouble:
            case "refused":
                told = await ask(closed, question, closed)
            case "broken":
                told = await ask(url, question, url)
            case _:
                told = await ask(url, question, "https://api.green-api.com")

    logged = f"{capfd.readouterr()}"
    assert "egress." in logged
    assert not [each for each in (TOKEN, PERSON[1:]) if each in f"{told}{logged}"]
