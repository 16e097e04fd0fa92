"""One mailbox over one IMAP connection. It blocks: call it in a thread."""

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Final

from imap_tools import BaseMailBox
from imap_tools.errors import (
    ImapToolsError,
    MailboxFolderSelectError,
    MailboxLoginError,
    UnexpectedCommandStatusError,
)

from trunkline.sdk import AuthFailed, NotSetUp
from trunkline_smtp.config import IMAP_PORTS, Security, SmtpConfig

_CONNECT_S: Final = 15.0
_READ_S: Final = 30.0
_SMALL_BYTES: Final = 4_000_000
"""For all that is said in answer to one command beside a mail: numbers of a million mails."""

_LARGEST_UID: Final = 2**32 - 1
_DAY_S: Final = 86_400
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,18})\b")
_QUOTED: Final = re.compile(rb'BODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')
_NUMBER: Final = re.compile(rb"\d{1,18}")
_PASSES: Final = re.compile(
    rb"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|EXPUNGEISSUED)\b", re.IGNORECASE
)
"""Of the codes of RFC 5530 and RFC 9051 those of a refusal that goes by."""

Part = bytes | tuple[bytes, bytes]


class Lost(Exception):
    """The connection or the server's sense broke. The text holds nothing that a server said."""


class _Bounded(imaplib.IMAP4):
    """A client that reads no more than it was ready for, whatever size a server announces."""

    left_bytes = _SMALL_BYTES

    def read(self, size: int) -> bytes:
        self._take(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._take(len(line))
        return line

    def _take(self, size: int) -> None:
        if size > self.left_bytes:
            raise self.abort("the server says too much")
        self.left_bytes -= size


class _BoundedTls(_Bounded, imaplib.IMAP4_SSL):
    pass


class _Client(BaseMailBox):
    """imap-tools with that client."""

    def __init__(self, config: SmtpConfig, tls: ssl.SSLContext) -> None:
        self._config, self._tls = config, tls
        super().__init__()

    def _get_mailbox_client(self) -> _Bounded:
        config = self._config
        host = config.imap_host or ""
        port = config.imap_port or IMAP_PORTS[config.imap_security]
        if config.imap_security is Security.TLS:
            return _BoundedTls(host, port, ssl_context=self._tls, timeout=_CONNECT_S)
        return _Bounded(host, port, timeout=_CONNECT_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A mailbox as it was found: its UIDVALIDITY, and a UID that only later mails reach."""

    validity: int
    next_uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a server tells of a mail before it gives it; some tell sizes that are not true."""

    size_bytes: int
    came_s: int | None


class Mailbox:
    """The mailbox of an account; read only, so that no mail is marked as read."""

    def __init__(self, config: SmtpConfig, tls: ssl.SSLContext) -> None:
        self._config = config
        self._tls = tls
        self._hung_up = Event()
        self._box: _Client | None = None
        self._idles = False

    def open(self) -> Opened:
        """
        Connect, encrypt, log in and select.

        Raises:
            AuthFailed, NotSetUp: An operator must act.
            Lost: Try again later.
        """
        try:
            box = self._connect()
            self._log_in(box)
            _, exist = box.folder.set(self._config.mailbox, readonly=True)
            _, capabilities = box.client.capability()
            self._idles = b"IDLE" in b" ".join(capabilities).upper().split()
            return self._state(box, is_empty=exist == [b"0"])
        except MailboxLoginError as error:
            raise _unless_it_passes(error, AuthFailed("The mailbox refused the log-in.")) from None
        except MailboxFolderSelectError as error:
            fault = NotSetUp("There is no such mailbox, or it may not be read: check `mailbox`.")
            raise _unless_it_passes(error, fault) from None
        except ssl.SSLCertVerificationError as error:
            raise NotSetUp("The mailbox's certificate is not to be trusted.") from error
        except _BROKEN as error:
            raise Lost(type(error).__name__) from error

    def after(self, uid: int) -> Sequence[int]:
        """Return the UIDs above one, in their order."""
        found = self._search("UID", f"{min(uid + 1, _LARGEST_UID)}:*")  # `*` is always among them
        return [each for each in found if each > uid]

    def since(self, since_s: int) -> Sequence[int]:
        """Return the UIDs of what came in since about then: a day or two more, not less."""
        date = imaplib.Time2Internaldate(float(since_s - _DAY_S)).strip('"')[:11].strip()
        return self._search("SINCE", date)

    def look(self, uid: int) -> Envelope | None:
        """Return what the server tells of a mail, or None if it is not there any more."""
        for part in self._fetch(uid, "(UID INTERNALDATE RFC822.SIZE)"):
            head = part if isinstance(part, bytes) else part[0]
            if _is_of(head, uid):
                size, came = _SIZE.search(head), imaplib.Internaldate2tuple(head)
                return Envelope(
                    size_bytes=int(size[1]) if size else 0,
                    came_s=int(time.mktime(came)) if came else None,
                )
        return None

    def fetch(self, uid: int, most_bytes: int) -> bytes | None:
        """Return a mail's first bytes, at most so many, or None if it is not there any more."""
        parts = self._fetch(uid, f"(UID BODY.PEEK[]<0.{most_bytes}>)", most_bytes)
        for number, part in enumerate(parts):
            if isinstance(part, tuple):
                after = parts[number + 1] if number + 1 < len(parts) else b""
                tail = after if isinstance(after, bytes) else b""
                if b"BODY[]" in part[0] and _is_of(part[0] + tail, uid):
                    return part[1]
            elif b"BODY[]" in part and _is_of(part, uid):
                quoted = _QUOTED.search(part)
                return re.sub(rb"\\(.)", rb"\1", quoted[1]) if quoted else b""
        return None

    def wait(self, seconds: float) -> None:
        """Return once the server says something, or after so long: some forget to."""
        try:
            if self._idles:
                self._client(_SMALL_BYTES)
                self._opened().idle.wait(timeout=seconds)
            elif not self._hung_up.wait(seconds):
                self._client(_SMALL_BYTES).noop()
        except _BROKEN as error:
            raise Lost(type(error).__name__) from error

    def hang_up(self) -> None:
        """End whatever another thread waits for here; it does not block."""
        self._hung_up.set()
        if self._box is not None:
            with suppress(OSError):  # past the TLS, which another thread is in
                socket.socket.shutdown(self._box.client.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection."""
        if self._box is not None:
            with suppress(OSError, ValueError, imaplib.IMAP4.error):
                self._box.client.shutdown()

    def _connect(self) -> _Client:
        box = self._box = _Client(self._config, self._tls)
        if self._hung_up.is_set():
            raise Lost("hung up")
        box.client.sock.settimeout(_READ_S)
        if self._config.imap_security is Security.STARTTLS:
            if "STARTTLS" not in box.client.capabilities:
                raise NotSetUp(
                    "The mailbox's server offers no STARTTLS, or somebody on the way hides it: "
                    "nothing was sent. Set imap_security to tls."
                )
            box.client.starttls(self._tls)
        return box

    def _log_in(self, box: _Client) -> None:
        config = self._config
        user, secret = config.imap_user or config.user, config.imap_password or config.password
        password = secret.get_secret_value() if secret else ""
        if user is None:
            raise NotSetUp("The mailbox needs imap_user and imap_password.")
        log_in = box.login if f"{user}{password}".isascii() else box.login_utf8
        log_in(user, password, initial_folder=None)

    def _state(self, box: _Client, *, is_empty: bool) -> Opened:
        validity, next_uid = (_number(box, code) for code in ("UIDVALIDITY", "UIDNEXT"))
        if not validity:
            raise Lost("no UIDVALIDITY")
        highest = 0 if is_empty else max(self._search("UID", "*"), default=0)
        return Opened(validity=validity, next_uid=max(next_uid, highest + 1))

    def _opened(self) -> _Client:
        if self._box is None:
            raise Lost("not open")
        return self._box

    def _client(self, most_bytes: int) -> _Bounded:
        client = self._opened().client
        assert isinstance(client, _Bounded)
        client.left_bytes = most_bytes
        return client

    def _search(self, *criteria: str) -> Sequence[int]:
        found = self._asked("SEARCH", *criteria)
        numbers = {int(each) for part in found for each in _NUMBER.findall(_flat(part))}
        return sorted(each for each in numbers if 0 < each <= _LARGEST_UID)

    def _fetch(self, uid: int, items: str, most_bytes: int = 0) -> Sequence[Part]:
        return self._asked("FETCH", str(uid), items, more_bytes=most_bytes)

    def _asked(self, command: str, *arguments: str, more_bytes: int = 0) -> Sequence[Part]:
        """Ask by UID, and return what is said that is no None."""
        try:
            client = self._client(_SMALL_BYTES + more_bytes)
            kind, data = client.uid(command, *arguments)
        except _BROKEN as error:
            raise Lost(type(error).__name__) from error
        if kind != "OK":
            raise Lost(f"{command} {kind}")
        return [part for part in data if part is not None]


_BROKEN: Final = (OSError, ValueError, imaplib.IMAP4.error, ImapToolsError, AttributeError)
"""What imaplib raises for a server that hung up or talks nonsense; its parser trips over some."""


def _unless_it_passes(error: UnexpectedCommandStatusError, fault: Exception) -> Exception:
    said = b" ".join(each for each in error.command_result[1] if isinstance(each, bytes))
    return Lost("refused for now") if _PASSES.search(said) else fault


def _number(box: _Client, code: str) -> int:
    _, said = box.client.response(code)
    return int(said[-1]) if said and said[-1] and _NUMBER.fullmatch(said[-1]) else 0


def _is_of(head: bytes, uid: int) -> bool:
    found = _UID.search(head)
    return found is not None and int(found[1]) == uid


def _flat(part: Part) -> bytes:
    return part if isinstance(part, bytes) else b" ".join(part)
