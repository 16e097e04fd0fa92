"""Where the hub of a data directory listens, told without reading all of the settings."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_TRUE: Final = frozenset({"1", "on", "t", "true", "y", "yes"})
"""What pydantic takes for true in a variable (2.13)."""


def likely_socket(config: Path | None, data_dir: Path | None, environ: Mapping[str, str]) -> Path:
    """
    Return the socket of the hub that `settings.load_settings` and `serving.socket_path` lead to.

    To import those takes longer than many a client waits. Whoever finds no hub there asks them:
    they know more ways, and say what is wrong with a setting.

    Raises:
        OSError, ValueError: The settings file cannot be read.
    """
    file = Path(config or environ.get("TRUNKLINE_CONFIG") or "trunkline.toml")
    server: dict[str, Any] = {}
    if config or environ.get("TRUNKLINE_CONFIG") or file.exists():
        table = tomllib.loads(file.read_text("utf-8")).get("server")
        server = table if isinstance(table, dict) else {}
    named = data_dir or _variable(environ, "TRUNKLINE_DATA_DIR", "TRUNKLINE_SERVER__DATA_DIR")
    if not named and isinstance(server.get("data_dir"), str):
        named = file.parent / Path(server["data_dir"]).expanduser()
    if not named:
        from platformdirs import user_data_dir

        demo = _variable(environ, "DEMO_MODE", "TRUNKLINE_SERVER__DEMO") or server.get("demo")
        is_demo = str(demo).lower() in _TRUE
        named = user_data_dir("trunkline-demo" if is_demo else "trunkline", appauthor=False)
    return Path(named).expanduser().absolute() / "hub.sock"


def _variable(environ: Mapping[str, str], short: str, long: str) -> str | None:
    """Return the value of the first of a setting's two variables that is set."""
    return environ.get(short) or environ.get(long) or None
