"""A real Dovecot on loopback, started by hand, as an unprivileged user."""

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugins.smtp.tests.servers import AUTHORITY

PASSWORD = "secret"
_CONFIG = """
base_dir = {at}/run
state_dir = {at}/state
log_path = {at}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{at}/certificate.pem
ssl_key = <{at}/key.pem
disable_plaintext_auth = no
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={at}/home/%u
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """Where it runs; every user's name is good, and gets an empty mailbox."""

    at: Path
    port: int
    tls_port: int
    prefix: tuple[str, ...]

    def add(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        """Put a mail into a user's mailbox, as another client does."""
        with self.client(user) as client:
            kind, said = client.append(folder, "", "", raw)
            assert kind == "OK", said

    @contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Log in as a user with another client."""
        with imaplib.IMAP4("127.0.0.1", self.port, 10) as client:
            client.login(user, PASSWORD)
            yield client

    def admin(self, *command: str) -> None:
        """Run an administrator's command."""
        doveadm = shutil.which("doveadm") or "doveadm"
        words = [*self.prefix, doveadm, "-c", str(self.at / "dovecot.conf"), *command]
        subprocess.run(words, check=True, capture_output=True)


@contextmanager
def running() -> Iterator[Dovecot]:
    """Run it; the test is skipped where it cannot be."""
    dovecot = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    if dovecot is None and os.environ.get("CI"):
        pytest.fail("Dovecot is not installed, so no real mailbox would be tested")
    if dovecot is None:
        pytest.skip("There is no Dovecot here: apt install dovecot-imapd")
    version = subprocess.check_output([dovecot, "--version"], text=True)
    if not version.startswith("2.3."):
        pytest.skip(f"The configuration here is for Dovecot 2.3, and this is {version.strip()}")
    with tempfile.TemporaryDirectory(prefix="dovecot-", ignore_cleanup_errors=True) as folder:
        yield from _run(dovecot, Path(folder).resolve())


def _run(dovecot: str, at: Path) -> Iterator[Dovecot]:
    prefix: tuple[str, ...] = ()
    owner = pwd.getpwuid(os.getuid())
    if os.getuid() == 0:
        owner = pwd.getpwnam("nobody")
        prefix = ("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups")
    port, tls_port = _free_port(), _free_port()
    certificate = AUTHORITY.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(at / "certificate.pem")
    certificate.private_key_pem.write_to_path(at / "key.pem")
    config = _CONFIG.format(
        at=at,
        user=owner.pw_name,
        group=grp.getgrgid(owner.pw_gid).gr_name,
        uid=owner.pw_uid,
        gid=owner.pw_gid,
        port=port,
        tls_port=tls_port,
        password=PASSWORD,
    )
    (at / "dovecot.conf").write_text(config)
    for path in (at, *at.iterdir()):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    words = [*prefix, dovecot, "-F", "-c", str(at / "dovecot.conf")]
    with (at / "said").open("wb") as said, subprocess.Popen(words, stderr=said) as process:
        try:
            _wait_for(port, process, at)
            yield Dovecot(at=at, port=port, tls_port=tls_port, prefix=prefix)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], at: Path) -> None:
    for _ in range(400):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as up:
            if up.recv(4) == b"* OK":
                return
        time.sleep(0.05)
    log = at / "log"
    told = (at / "said").read_text() + (log.read_text() if log.exists() else "")
    raise AssertionError(f"Dovecot does not come up: {told}")
