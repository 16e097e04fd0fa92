"""What the tests of several folders share: both databases."""

import pytest

from plugins.postgres.tests.server import postgres

__all__ = ["postgres"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on both databases; one that looks into the SQLite file only on that."""
    if "database_kind" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker
        slow = [] if marked("both") else [pytest.mark.slow]
        server = pytest.param("postgres", marks=[pytest.mark.postgres, *slow])
        kinds = ["sqlite"] if marked("sqlite") else ["sqlite", server]
        metafunc.parametrize("database_kind", kinds, scope="session")
