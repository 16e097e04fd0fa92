"""The hub's database suite, run against PostgreSQL."""

from trunkline.testing.database import BaseDatabaseConformance
from trunkline_postgres.plugin import trunkline_register_database


class TestPostgres(BaseDatabaseConformance):
    (spec,) = trunkline_register_database()
