"""The log of the hubs of a test, as it would be written to stderr."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.logs import configure_logging


@contextmanager
def every_level() -> Iterator[None]:
    """Write the log as a hub does that was told to log everything."""
    root = logging.getLogger()
    level = root.level
    configure_logging("debug")
    yield
    configure_logging("info")
    root.handlers.clear()  # pytest adds its own again for every test
    root.setLevel(level)
    logging.captureWarnings(False)
