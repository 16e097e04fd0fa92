"""`trunkline setup`, as somebody at a terminal meets it."""

import json
import os
import pty
import re
import select
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.processes import TRUNKLINE, clean_environment, run
from trunkline.settings import load_settings

SID, TOKEN = f"AC{'1' * 32}", "a-token-that-nobody-may-see"
BEFORE = "# mine\n[messages]\nvalid_for_s = 60  # a minute\n"


class Terminal:
    """A command in a terminal, and what it has written there."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.written = ""
        self._read = 0
        self._end, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*TRUNKLINE, "setup", *options], stdin=theirs, stdout=theirs, stderr=theirs,
            cwd=folder, env={**clean_environment(), "TERM": "dumb"}, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def until(self, text: str) -> str:
        """Wait for a text, and return what was written since the one before."""
        deadline = time.monotonic() + 60
        while text not in self.written[self._read :]:
            assert time.monotonic() < deadline, self.written
            if not self._more():
                raise AssertionError(f"it ended without {text!r}: {self.written}")
        start, self._read = self._read, self.written.index(text, self._read) + len(text)
        return self.written[start : self._read]

    def answer(self, question: str, *lines: str) -> str:
        """Wait for a question and type what answers it."""
        seen = self.until(question)
        os.write(self._end, "".join(f"{line}\n" for line in lines).encode())
        return seen

    def interrupt(self, question: str) -> None:
        """
        Wait for a question and type Ctrl-C, as somebody does until it has helped.

        It is written a moment before it is asked, and what it is written with lets none through.
        """
        self.until(question)
        while self.process.poll() is None:
            self.process.send_signal(2)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.5)

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        while self._more():
            pass
        return self.process.wait(timeout=30)

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait()
        os.close(self._end)

    def _more(self) -> bool:
        ready, _, _ = select.select([self._end], [], [], 60)
        try:
            read = os.read(self._end, 4096) if ready else b""
        except OSError:  # nobody has the other side any more
            read = b""
        self.written += read.decode(errors="replace").replace("\r\n", "\n")
        return bool(read)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """`trunkline setup` in an empty folder, of a hub in its folder ``data``."""
    with closing(Terminal(tmp_path, "--data-dir", str(tmp_path / "data"))) as terminal:
        yield terminal


@contextmanager
def vendor() -> Iterator[str]:
    """Serve a Twilio that knows one account; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == _basic(SID, TOKEN)
            told: dict[str, object] = {
                "sid": SID,
                "friendly_name": "Pigeons",
                "status": "active",
                "type": "Full",
            }
            refused = {"code": 20003, "message": "Authenticate", "status": 401}
            if self.path.endswith("/Balance.json"):
                told = {"account_sid": SID, "balance": "10.5", "currency": "USD"}
            if "Senders" in self.path:
                told = {"senders": [], "meta": {}}  # none yet
            body = json.dumps(told if known else refused).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def _twilio(terminal: Terminal, base_url: str, token: str) -> None:
    """Answer what is asked of Twilio."""
    terminal.answer("account_sid", SID)
    terminal.answer("auth_token", token)
    terminal.answer("More settings", "y")
    for name in ("webhook_key", "api_key_sid", "api_key_secret", "messaging_service_sid"):
        terminal.answer(f"  {name}", "")
    for name in ("sender_name", "sender_name_prefixes"):
        terminal.answer(f"  {name}", "")
    terminal.answer("  base_url", base_url)


def test_a_hub_is_set_up_by_questions(tmp_path: Path) -> None:
    file, data_dir = tmp_path / "trunkline.toml", tmp_path / "data"
    file.write_text(BEFORE)
    terminal = Terminal(tmp_path, "--data-dir", str(data_dir))
    with closing(terminal), vendor() as base_url:
        offered = terminal.answer("Which do you use?", "twilo")
        terminal.until("There is no twilo")
        terminal.answer("Which do you use?", "twilio")
        _twilio(terminal, base_url, "wrong")
        terminal.answer("Try again?", "")
        assert file.read_text() == BEFORE  # nothing is written before all is answered
        _twilio(terminal, base_url, TOKEN)
        assert "Pigeons" in terminal.answer("Use it for", "y")
        terminal.answer("Use it for", "n")
        terminal.answer("public https URL", "https://hub.example.com")
        code = terminal.end()

    assert code == 0, terminal.written
    assert "twilio: " in offered
    assert "demo" not in offered
    written = file.read_text()
    assert "# mine" in written
    assert "# a minute" in written
    assert file.stat().st_mode & 0o777 == 0o600
    settings = load_settings(config=file, data_dir=data_dir, environ={})
    assert settings.providers["twilio"] == {
        "account_sid": SID,
        "auth_token": TOKEN,
        "base_url": base_url,
    }
    assert settings.slots.by_kind()["telephony"] == ("twilio",)
    assert settings.slots.by_kind()["whatsapp"] == ()
    assert settings.server.public_url == "https://hub.example.com"
    assert TOKEN not in terminal.written
    (token,) = re.findall(r"tl_admin_\w+", terminal.written)
    listed = run(
        ["tokens", "list", "--data-dir", str(data_dir), "--config", str(file)], clean_environment()
    )
    assert token.split("_")[-2] in listed.stdout
    assert "trunkline serve" in terminal.written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "trunkline.toml"]


@pytest.mark.parametrize("question", ["Which do you use?", "auth_token", "More settings"])
def test_ctrl_c_leaves_everything_as_it_was(
    terminal: Terminal, tmp_path: Path, question: str
) -> None:
    answers = {"Which do you use?": "twilio", "account_sid": SID, "auth_token": TOKEN}
    for asked, told in answers.items():
        if asked == question:
            break
        terminal.answer(asked, told)
    terminal.interrupt(question)

    assert terminal.end() == 1
    assert "Stopped." in terminal.written
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_it_says_what_to_do_instead(tmp_path: Path) -> None:
    told = run(["setup"], clean_environment(), tmp_path)

    assert told.returncode == 2
    assert "trunkline providers verify" in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_its_adapter_would_refuse_is_asked_again(terminal: Terminal, tmp_path: Path) -> None:
    terminal.answer("Which do you use?", "twilio")
    terminal.answer("account_sid", "nonsense")
    terminal.answer("auth_token", TOKEN)
    terminal.answer("More settings", "n")
    seen = terminal.answer("Try again?", "n")
    code = terminal.end()

    assert "account_sid" in seen
    assert "Left twilio out." in terminal.written
    assert (code, (tmp_path / "trunkline.toml").exists()) == (0, False)
