"""
The rules of the checkout itself: what is tracked, pinned, licensed and wired.

A rule is a function from a tree to its complaints. Each runs on this checkout, where it must be
silent, and on a copy with one planted violation, where it must not.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
FRAGMENT = re.compile(r"[a-z-]+[.](added|changed|deprecated|removed|fixed|security)[.]md")
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:home|root|Users|work|farm)/\w")
REGISTRY_HOST = re.compile(r"py[p]i[.]org|python[h]osted|registry[.]npm[j]s|deb[.]debia[n]")


def tracked(tree: Path) -> list[Path]:
    """Return the files that git tracks, or would after ``git add .``."""
    git = ["git", "-c", "safe.directory=*", "-C", str(tree), "ls-files", "-z"]
    found = subprocess.run(
        [*git, "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    paths = [tree / name for name in found.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def distributions(tree: Path) -> list[Path]:
    return [tree / "hub", *adapters(tree)]


def adapters(tree: Path) -> list[Path]:
    return sorted(path.parent for path in tree.glob("plugins/*/pyproject.toml"))


def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def lines_that_hold(pattern: re.Pattern[str], tree: Path) -> Iterator[str]:
    for path in tracked(tree):
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                yield f"{path.relative_to(tree)}:{number}: {line.strip()}"


def machine_paths(tree: Path) -> Iterator[str]:
    """No file names a folder of somebody's machine."""
    return lines_that_hold(MACHINE_PATH, tree)


def registry_hosts(tree: Path) -> Iterator[str]:
    """No file names a package registry: which one is used is the user's setting."""
    return lines_that_hold(REGISTRY_HOST, tree)


def uv_lock(tree: Path) -> Iterator[str]:
    """uv.lock is full of URLs; the pins stand in requirements/."""
    return (str(path) for path in tracked(tree) if path.name == "uv.lock")


def pins(tree: Path) -> Iterator[str]:
    """Every pin is exact and hashed, and comes from no particular index."""
    for path in [tree / "constraints.txt", *tree.glob("requirements/*.txt")]:
        text = path.read_text(encoding="utf-8")
        if "://" in text or "--index" in text or "--find-links" in text:
            yield f"{path.name} names an index"
        for pin in text.replace("\\\n", " ").splitlines():
            if "==" not in pin:
                yield f"{path.name}: not pinned: {pin}"
            if path.parent.name == "requirements" and "--hash=sha256:" not in pin:
                yield f"{path.name}: no hash: {pin}"


def long_files(tree: Path) -> Iterator[str]:
    """A file fits into a head."""
    for path in tracked(tree):
        if path.suffix == ".py":
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                yield f"{path.relative_to(tree)} has {lines} lines; {MOST_LINES} are the limit"


def distribution_files(tree: Path) -> Iterator[str]:
    """Every wheel says who may use it, what it is, what changed, and that it is typed."""
    licence = (tree / "LICENSE").read_bytes()
    for folder in distributions(tree):
        module = project(folder)["project"]["name"].replace("-", "_")
        for needed in ("LICENSE", "README.md", "CHANGELOG.md", f"src/{module}/py.typed"):
            if not (folder / needed).is_file():
                yield f"{folder.name} lacks {needed}"
        if (folder / "LICENSE").is_file() and (folder / "LICENSE").read_bytes() != licence:
            yield f"{folder.name}/LICENSE differs from the licence of the project"


def versions(tree: Path) -> Iterator[str]:
    """The version that the hub reports is the version that was installed."""
    stated = project(tree / "hub")["project"]["version"]
    source = (tree / "hub/src/trunkline/__init__.py").read_text(encoding="utf-8")
    if f'"{stated}"' not in source:
        yield f"hub/pyproject.toml says {stated}, trunkline.__version__ does not"


def adapter_pins(tree: Path) -> Iterator[str]:
    """An adapter names the oldest hub that it works with and the first that it may not."""
    for folder in adapters(tree):
        needs = [Requirement(text) for text in project(folder)["project"]["dependencies"]]
        bounds = {s.operator for need in needs if need.name == "trunkline" for s in need.specifier}
        if bounds != {">=", "<"}:
            yield f"{folder.name} needs trunkline>=A.B,<C among its dependencies"


def adapter_wiring(tree: Path) -> Iterator[str]:
    """An adapter is installed, type-checked, import-checked and tested like its neighbours."""
    workspace = project(tree)
    tool = workspace["tool"]
    contracts = tool["importlinter"]["contracts"]
    editable = tool["tox"]["env_run_base"]["commands_pre"][0]
    tested = tool["tox"]["env_base"]["plugin"]["factors"][0]
    for folder in adapters(tree):
        name = f"trunkline-{folder.name}"
        module = name.replace("-", "_")
        places = {
            "tool.uv.sources": name in tool["uv"]["sources"],
            "tool.mypy.mypy_path": f"plugins/{folder.name}/src" in tool["mypy"]["mypy_path"],
            "tool.importlinter.root_packages": module in tool["importlinter"]["root_packages"],
            "two import contracts": sum(
                module in [*c.get("source_modules", []), *c.get("modules", [])] for c in contracts
            ) == 2,
            "tool.tox.env_run_base": f"plugins/{folder.name}" in editable,
            "tool.tox.env_base.plugin": folder.name in tested,
            "tool.tox.env_list": f"plugin-{folder.name}" in tool["tox"]["env_list"],
        }  # fmt: skip
        yield from (f"{name} is missing in {place}" for place, there in places.items() if not there)


def bootstrap(tree: Path) -> Iterator[str]:
    """run.py runs before anything is installed, and an old Python can read its refusal."""
    source = (tree / "run.py").read_text(encoding="utf-8")
    try:
        parsed = ast.parse(source, feature_version=(3, 6))
    except SyntaxError as error:
        yield f"run.py does not parse on an old Python: {error}"
        return
    for node in ast.walk(parsed):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.split(".")[0] not in sys.stdlib_module_names:
                yield f"run.py imports {name}"


def changelog_fragments(tree: Path) -> Iterator[str]:
    """A fragment's folder is its distribution, its name says what kind of change it is."""
    names = {project(folder)["project"]["name"] for folder in distributions(tree)}
    for path in tree.glob("changelog.d/*/*"):
        if path.parent.name not in names or not FRAGMENT.fullmatch(path.name):
            yield f"{path.relative_to(tree)}: not DISTRIBUTION/words.KIND.md"


def write(name: str, text: str) -> Callable[[Path], None]:
    def plant(tree: Path) -> None:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")

    return plant


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(tree: Path) -> None:
        text = (tree / name).read_text(encoding="utf-8")
        assert old in text
        (tree / name).write_text(text.replace(old, new), encoding="utf-8")

    return plant


def remove(name: str) -> Callable[[Path], None]:
    def plant(tree: Path) -> None:
        (tree / name).unlink()

    return plant


Rule = Callable[[Path], Iterator[str]]
RULES: list[Rule] = [
    machine_paths, registry_hosts, uv_lock, pins, long_files, distribution_files, versions,
    adapter_pins, adapter_wiring, bootstrap, changelog_fragments,
]  # fmt: skip
NEW_ADAPTER = '[project]\nname = "trunkline-new"\ndependencies = ["trunkline"]\n'
VIOLATIONS: list[tuple[Rule, Callable[[Path], None]]] = [
    (machine_paths, write("docs/x.md", "see /" + "home/somebody/notes")),
    (machine_paths, write(".ci/x", "cd /" + "root/checkout")),
    (registry_hosts, write("docs/x.md", "index-url = https://" + "py" + "pi.org/simple")),
    (uv_lock, write("uv.lock", "version = 1")),
    (pins, write("requirements/tox.txt", "tox==4.0.0\n")),
    (pins, write("requirements/tox.txt", "tox>=4 --hash=sha256:00\n")),
    (pins, write("constraints.txt", "tox==4.0.0 @ https://example.com/tox.whl\n")),
    (long_files, write("tests/test_long.py", "x = 1\n" * (MOST_LINES + 1))),
    (distribution_files, remove("plugins/demo/LICENSE")),
    (distribution_files, write("plugins/demo/LICENSE", "all rights reserved")),
    (distribution_files, remove("hub/README.md")),
    (distribution_files, remove("plugins/sqlite/src/trunkline_sqlite/py.typed")),
    (versions, replace("hub/pyproject.toml", 'version = "', 'version = "9')),
    (adapter_pins, replace("plugins/demo/pyproject.toml", "trunkline>=1.0,<2", "trunkline>=1.0")),
    (adapter_pins, replace("plugins/demo/pyproject.toml", "trunkline>=1.0,<2", "trunkline<2")),
    (adapter_wiring, write("plugins/new/pyproject.toml", NEW_ADAPTER)),
    (adapter_wiring, replace("pyproject.toml", '"demo", "example"', '"example"')),
    (bootstrap, write("run.py", "import httpx2\n")),
    (bootstrap, write("run.py", "from trunkline import cli\n")),
    (bootstrap, write("run.py", "if (n := 1): pass\n")),
    (changelog_fragments, write("changelog.d/trunkline/a-thing.news.md", "x")),
    (changelog_fragments, write("changelog.d/trunkline-none/a-thing.added.md", "x")),
]


def git(tree: Path, *words: str) -> None:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    subprocess.run(["git", *who, "-C", str(tree), *words], check=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout's tracked files, as a repository of their own."""
    tree = tmp_path_factory.mktemp("repository")
    for path in tracked(ROOT):
        there = tree / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
    git(tree, "init", "-q")
    git(tree, "add", "--all", "--force")
    git(tree, "commit", "-q", "-m", "as it is")
    return tree


@pytest.fixture
def a_copy(repository: Path) -> Iterator[Path]:
    """That repository, as it is again afterwards."""
    yield repository
    git(repository, "reset", "-q", "--hard")
    git(repository, "clean", "-fdqx")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_checkout_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize(("rule", "plant"), VIOLATIONS, ids=lambda item: item.__name__)
def test_the_rule_notices_a_violation(
    rule: Rule, plant: Callable[[Path], None], a_copy: Path
) -> None:
    plant(a_copy)
    git(a_copy, "add", "--all", "--force")
    assert list(rule(a_copy)) != []


def test_every_rule_has_a_violation_that_shows_it_works() -> None:
    assert {rule for rule, _ in VIOLATIONS} == set(RULES)
