"""What the tests of several folders share."""

from plugins.postgres.tests.server import postgres

__all__ = ["postgres"]
