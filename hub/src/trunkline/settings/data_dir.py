"""The data directory: its owner's and nobody else's."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from trunkline.sdk import EventLog
from trunkline.settings.errors import SettingsError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MARKS: Final = ("hub.lock", "master.key")


def secure_data_dir(path: Path, log: EventLog) -> None:
    """
    Create the data directory, or close it to everybody but its owner; files made from here on too.

    Sets the process's umask to 077. A directory that others may enter is closed if it is empty or
    a hub's already, and so are the files directly in it; any other is left as it is.

    Raises:
        SettingsError: It cannot be made, it cannot be closed, or it is not ours to close.
    """
    os.umask(0o077)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            _close(path, log)
    except OSError as error:
        raise unusable(path, error) from error


def unusable(data_dir: Path, error: OSError) -> SettingsError:
    """Return what an operator does when the system refuses the hub a file in its directory."""
    if error.errno == errno.ENOSPC:
        return SettingsError(f"The disk of the data directory {data_dir} is full. Free some space.")
    return SettingsError(
        f"The data directory {data_dir}: {error.strerror}. Let the hub's user own it and write "
        "there, or name another with --data-dir."
    )


def _close(path: Path, log: EventLog) -> None:
    names = {entry.name for entry in path.iterdir()}
    if path.stat().st_mode & _OTHERS:
        # /tmp or a home directory, named by mistake, must not lose its permissions.
        if names and names.isdisjoint(_MARKS):
            raise SettingsError(
                f"Others can enter the data directory {path} and it holds other files. Name a "
                f"directory of the hub's own, or run: chmod 700 {path}"
            )
        _strip(path, log)
    for name in sorted(names):
        file = path / name
        if stat.S_ISREG(mode := file.lstat().st_mode) and mode & _OTHERS:
            _strip(file, log)


def _strip(path: Path, log: EventLog) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode & ~_OTHERS)
    if path.stat().st_mode & _OTHERS:
        raise SettingsError(f"Others can read {path} and its permissions cannot be changed.")
    log.warning("data_dir.closed_to_others", path=str(path), mode=f"{mode:04o}")
