"""What a loop in the background meets and goes on after."""

from trunkline.sdk import DatabaseFailed, EventLog, Overloaded


def tell_trouble(log: EventLog, event: str, error: Exception) -> None:
    """Log why a loop has to try again: a database that is away, or a fault with its traceback."""
    if isinstance(error, DatabaseFailed | Overloaded):
        log.warning(event, reason=str(error))
    else:
        log.error(event, error_type=type(error).__name__, exc_info=error)
