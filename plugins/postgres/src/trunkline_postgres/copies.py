"""Copies by PostgreSQL's own programs, which know every version of the server."""

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from trunkline.sdk import DatabaseFailed, NotConfigured


def back_up(url: str, path: Path) -> None:
    """Write a database to the empty file `path`, as of one moment."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={path}")


def restore(url: str, path: Path) -> None:
    """Fill an empty database from a file of `back_up`, all or nothing."""
    whole = ("--single-transaction", "--exit-on-error")
    _run("pg_restore", url, "--no-owner", "--no-privileges", *whole, str(path))


def _run(tool: str, url: str, *arguments: str) -> None:
    program = shutil.which(tool)
    if program is None:
        raise NotConfigured(
            f"{tool} is not on PATH: install the client programs of your server's version, or run "
            f"this where they are: {tool} {' '.join(arguments)} --dbname=URL"
        )
    bare, password = _without_password(url)
    done = subprocess.run(  # noqa: S603 - our own arguments
        [program, f"--dbname={bare}", "--no-password", *arguments],
        env={**os.environ, **({"PGPASSWORD": password} if password else {})},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["nothing"])[0]
        raise DatabaseFailed(f"{tool} failed and nothing was changed. It said: {said}")


def _without_password(url: str) -> tuple[str, str | None]:
    """Return a URL that may stand in the list of processes, and the password that was in it."""
    parts = urlsplit(url)
    users, at, hosts = parts.netloc.rpartition("@")
    user, _, password = users.partition(":")
    fields = parse_qsl(parts.query, keep_blank_values=True)
    in_query = next((value for name, value in fields if name == "password"), None)
    kept = urlencode([(name, value) for name, value in fields if name != "password"])
    bare = parts._replace(netloc=f"{user}{at}{hosts}", query=kept)
    return urlunsplit(bare), in_query or unquote(password) or None
