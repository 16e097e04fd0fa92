"""
Test one adapter as its users get it: ``python .ci/test_adapter.py plugin-NAME [PYTEST ARGS]``.

Installs the hub's and the adapter's built wheels by path, so that no index can offer others, and
runs the adapter's own tests against them.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = "import trunkline; assert 'site-packages' in trunkline.__file__, trunkline.__file__"


def main(environment: str, *pytest_arguments: str) -> None:
    """Install, prove that no source checkout is on the path, test."""
    name = environment.removeprefix("plugin-")
    wheels = [wheel("trunkline"), wheel(f"trunkline_{name.replace('-', '_')}")]
    python("-m", "uv", "-q", "pip", "install", "--reinstall", *wheels)
    python("-I", "-c", INSTALLED)
    adapter = ROOT / "plugins" / name
    if (adapter / "tests").exists():
        tests = str(adapter / "tests")
        python("-m", "pytest", "--rootdir", str(adapter), tests, *pytest_arguments)
    else:
        print(f"trunkline-{name} installs, and has no tests yet.")


def wheel(distribution: str) -> str:
    """Return the path of a distribution's one wheel in dist/."""
    (found,) = (ROOT / "dist").glob(f"{distribution}-*.whl")
    return str(found)


def python(*arguments: str) -> None:
    """Run this environment's Python and stop with its exit status if it fails."""
    status = subprocess.call([sys.executable, *arguments])
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
