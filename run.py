"""Set Trunkline up in this checkout and run it: ``python3 run.py [demo | test | COMMAND]``.

    python3 run.py                    the hub with the simulated network (same as ``demo``)
    python3 run.py test [TOX ARGS]    the whole suite, each adapter against built wheels
    python3 run.py test --quick [PYTEST ARGS]    the suite without its slow tests, without tox
    python3 run.py bench [OPTIONS]    the figures of docs/operate/performance.md, with their gates
    python3 run.py chaos [OPTIONS]    hubs killed under load, and what became of every message
    python3 run.py simulate [OPTIONS]    the hub in virtual time, once for each seed
    python3 run.py hosts [OPTIONS]    what MCP hosts from npm make of the hub
    python3 run.py wheels             build every distribution's wheel into dist/
    python3 run.py lock [UV ARGS]     write requirements/ and constraints.txt again
    python3 run.py COMMAND …          any other command of ``trunkline``

Standard library only. The environments .venv and .venv-tox are made on first use.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

if sys.version_info < (3, 11):  # this file still has to parse on the older Python that reads it
    sys.exit(f"Trunkline needs Python 3.11 or newer, and this is {sys.version.split()[0]}.")

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
TWO_AT_ONCE = ["run-parallel", "--parallel", "2", "--parallel-live"]
IN_PARALLEL = ["-n", "auto", "--dist", "worksteal", "--durations=20"]
DISTRIBUTIONS = [ROOT / "hub", *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]


def main(argv: list[str]) -> int:
    """Make the environment that the command needs and become the command."""
    command, *rest = argv or ["demo"]
    if command == "lock":
        return lock_requirements(rest)
    own = {
        "bench": "bench", "chaos": "tests.chaos", "simulate": "tests.simulation",
        "hosts": "tests.hosts",
    }  # fmt: skip
    if command not in ("test", "wheels", *own):
        return become(development_environment().with_name("trunkline"), [command, *rest])
    os.chdir(ROOT)
    if command in own:
        return become(development_environment(), ["-m", own[command], *rest])
    if command == "wheels":
        os.environ["UV_BUILD_CONSTRAINT"] = str(REQUIREMENTS / "build.txt")
        build = ["build", "--all-packages", "--wheel", "--clear", "-o", "dist"]
        return become(tox_environment(), ["-m", "uv", *build])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every worker would compile the tests anew
    if "--quick" in rest:
        rest.remove("--quick")
        quick = ["-m", "pytest", *IN_PARALLEL, "-m", "not slow"]
        return become(development_environment(), [*quick, *rest])
    return become(tox_environment(), ["-m", "tox", *TWO_AT_ONCE, *rest])


def development_environment() -> Path:
    """Return the Python of .venv: everything pinned, this checkout's distributions editable."""
    lock = REQUIREMENTS / "lock.txt"
    decided_by = [ROOT / "constraints.txt", lock, *(d / "pyproject.toml" for d in DISTRIBUTIONS)]
    return environment(ROOT / ".venv", lock, decided_by, DISTRIBUTIONS)


def tox_environment() -> Path:
    """Return the Python of .venv-tox, which holds tox and uv."""
    lock = REQUIREMENTS / "tox.txt"
    return environment(ROOT / ".venv-tox", lock, [lock], [])


def environment(directory: Path, lock: Path, decided_by: list[Path], editable: list[Path]) -> Path:
    """Return the Python of an environment, made or brought up to date if its stamp differs."""
    python = scripts(directory) / ("python.exe" if os.name == "nt" else "python")
    made_by = digest(f"{sys.version} {ROOT}".encode())
    wanted = made_by + digest(b"".join(p.read_bytes() for p in decided_by))
    stamp = directory / ".stamp"
    with one_at_a_time():
        found = stamp.read_text() if stamp.exists() else ""
        if found != wanted:
            say(f"Setting up {directory.name}; the first time takes about a minute.")
            stamp.unlink(missing_ok=True)
            if not found.startswith(made_by):
                create(directory, python)
            install(python, lock, editable)
            stamp.write_text(wanted)  # last, so that an interrupted set-up is done again
    return python


def create(directory: Path, python: Path) -> None:
    """Make an empty environment that has uv."""
    if not (find_spec("venv") and find_spec("ensurepip")):
        sys.exit("This Python lacks the venv module. On Debian or Ubuntu: apt install python3-venv")
    import venv

    venv.create(directory, with_pip=True, clear=True)
    quiet = ["-q", "--disable-pip-version-check", "--require-hashes"]
    run(python, "-m", "pip", "install", *quiet, "-r", REQUIREMENTS / "uv.txt")


def install(python: Path, lock: Path, editable: list[Path]) -> None:
    """Bring the environment to exactly its lock file, then add the checkout's distributions."""
    uv_pip = [python, "-m", "uv", "-q", "pip"]
    locks = [REQUIREMENTS / "uv.txt", lock]
    run(*uv_pip, "sync", "--python", python, "--compile-bytecode", "--require-hashes", *locks)
    if editable:
        only = ["--no-deps", "--build-constraint", REQUIREMENTS / "build.txt"]
        sources = [word for path in editable for word in ("-e", path)]
        run(*uv_pip, "install", "--python", python, *only, *sources)


def lock_requirements(options: list[str]) -> int:
    """Write the pins again from the pyproject.toml files; ``--upgrade`` takes newer versions."""
    import tomllib

    members = [
        tomllib.loads((d / "pyproject.toml").read_text())["project"]["name"] for d in DISTRIBUTIONS
    ]
    plain = ["--no-emit-index-url", "--no-annotate", "--no-header"]
    everywhere = ["--universal", "--python-version", "3.11"]
    write = [tox_environment(), "-m", "uv", "-q", "pip", "compile", *plain, *everywhere, *options]
    for group in ("uv", "tox", "build"):
        run(*write, "--generate-hashes", "--group", group, "-o", f"requirements/{group}.txt")
    workspace = ["pyproject.toml", "--group", "dev"]
    for member in members:
        workspace += ["--no-emit-package", member]
    run(*write, *workspace, "--generate-hashes", "-o", "requirements/lock.txt")
    run(*write, *workspace, "-o", "constraints.txt")
    return 0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second run.py wait until the set-up of the first one is complete."""
    with (ROOT / ".setup.lock").open("w") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def become(program: Path, arguments: list[str]) -> int:
    """Hand the process over, so that signals and the exit status are the program's own."""
    command = [str(program), *arguments]
    if os.name == "posix":
        os.execv(program, command)
    return subprocess.call(command)


def run(*command: object) -> None:
    """Run a step of the set-up; standard output stays free for the command itself."""
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT, stdout=sys.stderr)


def scripts(environment: Path) -> Path:
    """Return the folder of an environment's programs."""
    return environment / ("Scripts" if os.name == "nt" else "bin")


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes as text."""
    return hashlib.sha256(content).hexdigest()


def say(sentence: str) -> None:
    """Tell the person at the terminal, not whoever reads standard output."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as failure:
        sys.exit(
            f"The set-up stopped at: {' '.join(map(str, failure.cmd))}\nMend that, then repeat."
        )
    except KeyboardInterrupt:
        sys.exit(130)
