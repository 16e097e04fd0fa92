"""The hosts' packages: pinned, installed once into the user's cache, outside of the checkout."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

PACKAGES: Final[Mapping[str, str]] = {  # the newest of each on 2026-11-30, but for an older SDK
    "@anthropic-ai/claude-code": "2.1.332",
    "@google/gemini-cli": "0.61.0",
    "@modelcontextprotocol/inspector": "2.12.0",
    "@modelcontextprotocol/sdk": "1.32.2",
    "@openai/codex": "0.171.0",
    "opencode-ai": "1.18.33",
    "sdk-1.20": "npm:@modelcontextprotocol/sdk@1.20.2",
}
HAVE_SCRIPTS: Final = ("@anthropic-ai/claude-code", "opencode-ai")
"""Those that put their program in place by one; what the others' would build is not used."""
PYTHON_SDK: Final = "1.30.0"
"""The last of the older generation; the newer one is in this checkout's environment."""


class NotInstallable(Exception):
    """The packages can't be had here; the sentence says why."""


def install() -> Path:
    """Return the folder of the packages, which takes 1.4 GB, and a minute at the first time."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotInstallable("Node and npm are not on this machine.")
    wanted = json.dumps({"private": True, "dependencies": PACKAGES}, indent=2)
    name = sha256(f"{wanted}{PYTHON_SDK}{sys.version}".encode()).hexdigest()[:12]
    folder = user_cache_path("trunkline-tests") / f"hosts-{name}"
    if folder.exists():
        return folder
    making = folder.with_name(f"{folder.name}.{os.getpid()}")  # another run may be making it too
    making.mkdir(parents=True)
    (making / "package.json").write_text(wanted)
    try:
        _run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", folder=making)
        _run("npm", "rebuild", *HAVE_SCRIPTS, folder=making)
        uv = (sys.executable, "-m", "uv", "-q", "pip", "install", "--no-config")
        _run(
            *uv,
            "--python",
            sys.executable,
            "--target",
            "python",
            f"mcp=={PYTHON_SDK}",
            folder=making,
        )
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _run(*command: str, folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotInstallable(f"{command[0]} took longer than five minutes.") from None
    if done.returncode:
        raise NotInstallable(f"{command[0]} failed: {done.stderr.strip()[-300:]}")
