"""What must hold: every figure that has a gate, by its name."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The least or the most that a figure may be, in its unit; a ratio has none."""

    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""

    def __str__(self) -> str:
        limit = f"≤ {self.at_most:g}" if self.at_least is None else f"≥ {self.at_least:g}"
        return f"{limit} {self.unit}".rstrip()

    def holds(self, number: float) -> bool:
        """Tell whether a figure keeps within it."""
        return (self.at_least is None or number >= self.at_least) and (
            self.at_most is None or number <= self.at_most
        )


NULL: Final = "null database"
NAIVE: Final = "naive build"
BARE: Final = "bare ASGI server"
TRIVIAL: Final = "a trivial tool of the MCP SDK"
DATABASES: Final = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
PLUGINS: Final = (1, 10, 50)

ADDED: Final = "Added to a vendor's 50 ms, beyond two fdatasyncs, SQLite, p50"
BATCH: Final = "Batch of 500 to a vendor of 50 ms until all are sent, SQLite"
AT_ONCE: Final = "Queued until it is begun with, at worst, SQLite"
RETRY: Final = "Due again until it is begun with, at worst, SQLite"
FIRST_CALL: Final = "First MCP call after a start"
MEMORY: Final = "Memory of the hub after many sends, SQLite"
TOKEN: Final = "Check of a token, SQLite"
SIGNATURE: Final = "Check of a Twilio signature over 20 parameters"


def rest(database: str) -> str:
    """Return the name of the figure of sends over REST."""
    return f"REST sends, {DATABASES[database]} ÷ {NULL}"


def callbacks(database: str) -> str:
    """Return the name of the figure of callbacks."""
    return f"Callbacks, {DATABASES[database]} ÷ {BARE}"


def callbacks_p99(database: str) -> str:
    """Return the name of the figure of how long callbacks take."""
    return f"Callbacks, {DATABASES[database]}, p99"


def page(database: str, *, deep: bool) -> str:
    """Return the name of the figure of a page of an inbox."""
    which = "at a random depth" if deep else "of the newest"
    return f"Inbox page {which}, {DATABASES[database]}, p99"


def start(plugins: int) -> str:
    """Return the name of the figure of a start."""
    return f"Start with {plugins} plugin{'s' * (plugins > 1)} ÷ import fastapi, uvicorn"


REST_NAIVE: Final = f"REST sends, SQLite ÷ {NAIVE}"
MCP: Final = f"MCP sends, SQLite ÷ {TRIVIAL}"

GATES: Final[dict[str, Gate]] = {
    rest("sqlite"): Gate(at_least=0.5),
    rest("postgres"): Gate(at_least=0.25),
    REST_NAIVE: Gate(at_least=20),
    MCP: Gate(at_least=0.5),
    ADDED: Gate(at_most=3, unit="ms"),
    BATCH: Gate(at_most=20, unit="s"),
    AT_ONCE: Gate(at_most=400, unit="ms"),
    RETRY: Gate(at_most=1500, unit="ms"),
    **{callbacks(each): Gate(at_least=0.2) for each in DATABASES},
    **{callbacks_p99(each): Gate(at_most=15, unit="ms") for each in DATABASES},
    **{
        page(each, deep=deep): Gate(at_most=10, unit="ms")
        for each in DATABASES
        for deep in (False, True)
    },
    **{start(each): Gate(at_most=2.5) for each in PLUGINS},
    FIRST_CALL: Gate(at_most=2000, unit="ms"),
    MEMORY: Gate(at_most=136, unit="MiB"),
    TOKEN: Gate(at_most=5, unit="µs"),
    SIGNATURE: Gate(at_most=25, unit="µs"),
}
