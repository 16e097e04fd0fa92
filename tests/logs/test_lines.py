"""One line of JSON on stderr for every event, from our own log and from the libraries'."""

import asyncio
import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest

from trunkline.logs import configure_logging, get_log
from trunkline.sdk import EventLog, NotConfigured

NUMBER, ADDRESS, BODY = "+14155550100", "ann@example.com", "meet me at the old bridge"
TOKEN = f"tl_agent_k1_{'Ab1_-' * 8}"
CANARIES = (NUMBER, NUMBER[1:], ADDRESS, BODY, TOKEN)


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    configure_logging("info")

    yield

    root.handlers.clear()  # pytest adds its own again for every test
    root.setLevel(level)
    logging.captureWarnings(False)


class Lines:
    """What was written since the last look."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def text(self) -> str:
        out, err = self._capsys.readouterr()
        assert out == "", "stdout belongs to the protocol"
        for canary in CANARIES:
            assert canary not in err
        return err

    def one(self) -> dict[str, object]:
        (line,) = self.text().splitlines()
        parsed: dict[str, object] = json.loads(line)
        return parsed


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return Lines(capsys)


# --- our own log ----------------------------------------------------------------------------------


def test_a_line_says_level_time_and_event_and_then_the_facts(lines: Lines) -> None:
    get_log("messages").warning("sms.accepted", agentId="ann", durationMs=12.5)

    line = lines.one()
    assert list(line) == ["level", "timestamp", "event", "logger", "agentId", "durationMs"]
    assert (line["level"], line["event"]) == ("warning", "sms.accepted")
    assert line["durationMs"] == 12.5
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(line["timestamp"]))


def test_nothing_personal_gets_out_wherever_it_is_planted(lines: Lines) -> None:
    log = get_log("messages")
    log.info(f"sent to {NUMBER}")  # noqa: G004 - as somebody will
    log.info("sms.accepted", body=BODY, note=f"{ADDRESS} {TOKEN}")
    log.info("sms.accepted", nested={"deep": [{"body": BODY}, (NUMBER,)]})
    log.info("sms.accepted", **{NUMBER: 1}, nested={ADDRESS: {TOKEN: 2}})
    log.info("sms.accepted %s", NUMBER)
    log.info("sms.accepted", attempt={"error": ValueError(BODY)})

    assert len(lines.text().splitlines()) == 6


def test_text_cannot_forge_a_line_or_colour_a_terminal(lines: Lines) -> None:
    get_log("x").info("webhook.refused", reason='\r\nFAKE {"level": "info"}\x1b[31m\x9b\u2028')

    text = lines.text()
    assert text.count("\n") == 1
    assert text.rstrip("\n").isprintable()
    assert text.isascii()


def test_below_the_level_nothing_is_written(lines: Lines) -> None:
    configure_logging("warning")
    get_log("x").info("sms.accepted")
    logging.getLogger("library").info("started")
    assert lines.text() == ""

    configure_logging("debug")
    get_log("x").debug("sms.accepted")
    assert lines.one()["level"] == "debug"


def test_a_log_taken_before_configuration_follows_it(lines: Lines) -> None:
    log: EventLog = get_log("early")  # it is also what the sdk lends to adapters
    configure_logging("error")
    log.warning("sms.accepted")

    assert lines.text() == ""


def test_without_configuration_too_the_log_goes_to_stderr_and_is_masked() -> None:
    script = f"from trunkline.logs import get_log; get_log('x').info('to', text='{NUMBER}')"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    assert done.stdout == ""
    assert json.loads(done.stderr)["text"] == "[redacted]"


# --- exceptions -----------------------------------------------------------------------------------


def fail(text: str) -> None:
    raise ValueError(text)


def test_an_exception_is_told_by_type_and_place_and_not_by_its_text(lines: Lines) -> None:
    try:
        fail(BODY)
    except ValueError as error:
        get_log("x").error("sms.failed", exc_info=error)
        get_log("x").exception("sms.failed")
        logging.getLogger("library").exception("failed")

    told = [json.loads(line)["exception"] for line in lines.text().splitlines()]
    assert len(told) == 3
    for exception in told:
        assert exception["error_type"] == "ValueError"
        assert len(exception["frames"]) == 2
        assert re.fullmatch(r"test_lines\.py:\d+ fail", exception["frames"][-1])


def test_only_the_innermost_frames_are_told(lines: Lines) -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            fail(BODY)
        dig(depth - 1)

    try:
        dig(20)
    except ValueError:
        get_log("x").exception("sms.failed")

    exception = lines.one()["exception"]
    assert isinstance(exception, dict)
    assert len(exception["frames"]) == 8
    assert exception["frames"][-1].endswith(" fail")


def test_the_causes_of_an_exception_are_told_the_same_way(lines: Lines) -> None:
    try:
        try:
            fail(BODY)
        except ValueError as error:
            raise ExceptionGroup(NUMBER, [KeyError(ADDRESS), OSError(TOKEN)]) from error
    except ExceptionGroup:
        get_log("x").exception("task.failed")

    exception = lines.one()["exception"]
    assert isinstance(exception, dict)
    assert [each["error_type"] for each in exception["caused_by"]] == ["KeyError", "OSError"]


def test_a_chain_of_causes_is_followed(lines: Lines) -> None:
    try:
        try:
            fail(BODY)
        except ValueError as error:
            raise ConnectionError(NUMBER) from error
    except ConnectionError:
        get_log("x").exception("sms.failed")

    exception = lines.one()["exception"]
    assert isinstance(exception, dict)
    assert exception["caused_by"][0]["error_type"] == "ValueError"


def test_the_hubs_own_errors_keep_their_sentence(lines: Lines) -> None:
    error = NotConfigured("Set PORT.")
    get_log("x").error("start.refused", exc_info=error)

    assert lines.one()["exception"] == {
        "error_type": "trunkline.sdk.errors.NotConfigured",
        "frames": [],
        "sentence": "Set PORT.",
    }


# --- the libraries' logs --------------------------------------------------------------------------


def test_a_library_is_heard_in_the_same_shape(lines: Lines) -> None:
    logging.getLogger("library.part").info("Started server process [%d]", 12345)

    line = lines.one()
    assert list(line) == ["level", "timestamp", "event", "logger"]
    assert line["event"] == "Started server process [12345]"
    assert line["logger"] == "library.part"


class Request:
    def __repr__(self) -> str:
        return BODY


def test_what_a_library_is_given_to_print_is_masked(lines: Lines) -> None:
    log = logging.getLogger("library")
    log.info("to %s", NUMBER)
    log.info("to %d", int(NUMBER))
    log.info("%r and %s", Request(), ValueError(BODY))
    log.info("params %s", {"body": BODY, "n": [ADDRESS]})
    log.info("%(body)s", {"body": BODY})
    log.info("POST /send?Body=%s&To=%s", BODY.replace(" ", "+"), "%2B14155550100")
    log.info(ValueError(BODY))
    log.info({"body": BODY})

    assert len(lines.text().splitlines()) == 8


def test_arguments_that_do_not_fit_lose_no_line_and_tell_nothing(lines: Lines) -> None:
    configure_logging("info")  # pytest's own handler would insist on formatting it
    template = "to %d and %s"
    logging.getLogger("library").info(template, BODY)

    assert lines.one()["event"] == "to %d and %s"


def test_libraries_that_print_what_they_transport_are_not_heard_so_low(lines: Lines) -> None:
    configure_logging("debug")
    for name in ("alembic", "httpcore2", "httpx2", "mcp.server", "uvicorn.error"):
        logging.getLogger(name).info("Processing %s", BODY)
    logging.getLogger("library").debug(BODY)

    assert lines.text() == ""


def test_a_warning_is_a_line_too(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"deprecated {NUMBER}", stacklevel=1)
        logging.captureWarnings(False)

    assert lines.one()["logger"] == "py.warnings"


@pytest.mark.filterwarnings("default")
async def test_a_task_that_nobody_awaited_does_not_print_its_exception(lines: Lines) -> None:
    async def fails() -> None:
        fail(BODY)

    task = asyncio.create_task(fails())
    await asyncio.sleep(0.01)
    del task

    line = lines.one()
    assert line["event"] == "Task exception was never retrieved"
    assert isinstance(line["exception"], dict)
    assert line["exception"]["error_type"] == "ValueError"
