"""Commands as a person runs them: a process of its own, from a directory of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hub.tests.installed import InstalledPlugins


@dataclass(frozen=True)
class Shell:
    """
    A working directory, an otherwise empty environment, and plugins besides the real ones.

    `run` returns the finished process; its standard output and error are text.
    """

    folder: Path
    plugins: InstalledPlugins

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "import trunkline.cli; trunkline.cli.main()", *arguments],
            check=False,
            cwd=self.folder,
            env={
                "HOME": str(self.folder),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(
                    [str(self.plugins.folder), os.environ.get("PYTHONPATH", "")]
                ),
                **environ,
            },
            capture_output=True,
            text=True,
        )
