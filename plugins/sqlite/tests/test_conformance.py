"""The hub's database suite, run against SQLite."""

import pytest

from trunkline.testing.database import BaseDatabaseConformance
from trunkline_sqlite.plugin import trunkline_register_database


# -- start suite --
class TestSqlite(BaseDatabaseConformance):
    (spec,) = trunkline_register_database()

    @pytest.fixture
    def url(self) -> str:
        return "sqlite:///trunkline.db"
        # -- end suite --
