"""One line of JSON for each event, from the hub's own log and from the libraries' alike."""

import json
import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Final, cast

import structlog
from structlog.typing import FilteringBoundLogger

from trunkline.logs.masking import masked, masked_facts
from trunkline.sdk import TrunklineError

_MOST_FRAMES: Final = 8
_MOST_CAUSES: Final = 4
_TALKATIVE: Final = ("alembic", "httpcore2", "httpx2", "mcp", "uvicorn")
"""Libraries that tell of every request or step, some of them with what is in it."""


def configure_logging(level: str = "info") -> None:
    """
    Send the hub's log and the standard library's to stderr as JSON lines, from `level` up.

    Libraries are heard from ``info`` up at most: below that they print what they transport.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    _configure_structlog(number)
    root = logging.getLogger()
    root.handlers[:] = [_LineHandler()]
    root.setLevel(max(number, logging.INFO))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(True)


def get_log(name: str) -> FilteringBoundLogger:
    """Return the log of one part of the hub: ``get_log("messages").info("sms.accepted", …)``."""
    return cast(FilteringBoundLogger, structlog.get_logger(name))


def _line(
    level: str, event: str, name: str, facts: Mapping[str, object], error: BaseException | None
) -> str:
    told = {"event": event, "logger": name, **facts}
    if error is not None:
        told["exception"] = _described(error)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"level": level, "timestamp": now} | masked_facts(told))


def _described(error: BaseException, depth: int = 0) -> dict[str, object]:
    """
    Return an error's type and where it was raised, but not its text, which may quote anything.

    Only the hub's own errors promise a text fit for a log.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    kind = type(error)
    described: dict[str, object] = {
        "error_type": kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}",
        "frames": [f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames],
    }
    if isinstance(error, TrunklineError):
        described["sentence"] = str(error)
    hidden = None if error.__suppress_context__ else error.__context__
    cause = error.__cause__ or hidden
    causes = error.exceptions if isinstance(error, BaseExceptionGroup) else (cause,)
    known = [_described(each, depth + 1) for each in causes if each and depth < _MOST_CAUSES]
    if known:
        described["caused_by"] = known
    return described


# --- structlog ------------------------------------------------------------------------------------


class _Stderr:
    """What structlog writes to; stderr is looked up each time, since it may be replaced."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = msg


def _configure_structlog(level: int) -> None:
    structlog.configure(
        processors=[_render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stderr,
        cache_logger_on_first_use=True,
    )


def _render(stderr: _Stderr, level: str, facts: MutableMapping[str, Any]) -> str:
    event, error = facts.pop("event"), _raised(facts.pop("exc_info", None))
    return _line(level, event, stderr.name, facts, error)


def _raised(exc_info: object) -> BaseException | None:
    """Return the exception that ``exc_info`` means: itself, the one being handled, or a triple."""
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
    return sys.exception() if exc_info else None


# --- the standard library's logging ---------------------------------------------------------------


class _LineHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        level, error = record.levelname.lower(), _raised(record.exc_info)
        sys.stderr.write(_line(level, _message(record), record.name, {}, error) + "\n")


def _message(record: logging.LogRecord) -> str:
    if not isinstance(record.msg, str):
        return json.dumps(masked(record.msg))
    try:
        text = record.msg % _arguments(record.args) if record.args else record.msg
    except (KeyError, TypeError, ValueError):  # the arguments do not fit; they may be anything
        text = record.msg
    # asyncio appends the repr of a task or handle, with the text of its exception in it.
    return text.partition("\n")[0] if record.name == "asyncio" else text


def _arguments(args: object) -> object:
    if isinstance(args, tuple):
        return tuple(arg if isinstance(arg, str | int | float) else masked(arg) for arg in args)
    return masked(args)


_configure_structlog(logging.INFO)  # unconfigured, structlog prints to stdout, as raw as it comes
