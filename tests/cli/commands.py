"""Commands as a person runs them: in a process of its own, from a directory of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.tests.installed import InstalledPlugins
from tests.processes import run


@dataclass(frozen=True)
class Shell:
    """
    A working directory, an otherwise empty environment, and plugins besides the real ones.

    Both ways of running return the finished process; its standard output and error are text.
    """

    folder: Path
    plugins: InstalledPlugins

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run ``trunkline``, quickly."""
        return run(arguments, self.environ(environ), self.folder)

    def run_whole(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run ``trunkline`` from nothing: what it imports counts."""
        return subprocess.run(
            [sys.executable, "-c", "import trunkline.cli; trunkline.cli.main()", *arguments],
            check=False,
            cwd=self.folder,
            env=self.environ(environ),
            capture_output=True,
            text=True,
        )

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        path = [str(self.plugins.folder), os.environ.get("PYTHONPATH", "")]
        return {
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(path),
            **environ,
        }
