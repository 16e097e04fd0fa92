"""
A server that answers as Twilio's specification shows, if a request is right by it.

It needs a folder ``shared`` beside the checkout, with Twilio's OpenAPI files in ``specs/`` and a
server that holds requests against them in ``tools/vendor_judge.py``.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import pytest

SHARED: Final = Path(__file__).parents[4] / "shared"
JUDGE: Final = SHARED / "tools" / "vendor_judge.py"


@contextmanager
def judging(*specs: str) -> Iterator[Any]:
    """Serve some of Twilio's APIs."""
    pytest.importorskip("openapi_schema_validator", reason="the judge needs it")
    found = spec_from_file_location("vendor_judge", JUDGE)
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    sys.path.insert(0, str(JUDGE.parent))
    try:
        found.loader.exec_module(module)
    finally:
        sys.path.remove(str(JUDGE.parent))
    with module.Judge([str(SHARED / "specs" / each) for each in specs]) as judge:
        yield judge


def specification(name: str) -> Any:
    """Return one of Twilio's OpenAPI files."""
    return json.loads((SHARED / "specs" / f"{name}.json").read_text("utf-8"))


def verdicts(judge: Any) -> list[tuple[str, str]]:
    """Return what was asked, and what the judge found."""
    return [(entry["operationId"], entry["verdict"]) for entry in judge.entries]
