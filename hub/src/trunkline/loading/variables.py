"""The environment variables that are the hub's own: no adapter may read them."""

from typing import Final

from trunkline.sdk import KINDS

SHORT_NAMES: Final = {
    "PORT": "server.port",
    "WEBHOOK_BASE_URL": "server.public_url",
    "DEMO_MODE": "server.demo",
    "PROVIDER_DATABASE": "database.url",
    "AGENTOS_CALLBACK_URL": "messages.callback_url",
    **{f"PROVIDER_{kind.upper()}": f"slots.{kind}" for kind in KINDS},
    "INITIAL_AGENT_POOL_SIZE": "pool.size",
    "DEFAULT_MAX_ACTIONS_PER_MINUTE": "limits.actions_per_minute",
    "DEFAULT_MAX_ACTIONS_PER_HOUR": "limits.actions_per_hour",
    "DEFAULT_MAX_ACTIONS_PER_DAY": "limits.actions_per_day",
    "DEFAULT_MAX_SPEND_PER_DAY": "limits.spend_per_day",
    "DEFAULT_MAX_SPEND_PER_MONTH": "limits.spend_per_month",
    "DEFAULT_MAX_CALLS_PER_DAY_SAME_NUMBER": "limits.calls_per_day_same_number",
    "ADMIN_WHATSAPP_NUMBER": "alerts.whatsapp",
    "ADMIN_ALERT_PHONE": "alerts.phone",
    "ADMIN_ALERT_EMAIL": "alerts.email",
    "TRUNKLINE_DATA_DIR": "server.data_dir",
}
"""Environment variables that set a key under a name of their own; they win over the long name."""

ADMIN_TOKEN_VARIABLES: Final = ("ADMIN_TOKEN", "MASTER_SECURITY_TOKEN")
ENCRYPTION_KEY_VARIABLE: Final = "CREDENTIALS_ENCRYPTION_KEY"
_PREFIX: Final = "TRUNKLINE_"


def variable_name(key: str) -> str:
    """Return the environment variable that sets a dotted key: TRUNKLINE_SERVER__PORT."""
    return f"{_PREFIX}{key.upper().replace('.', '__')}"


def is_the_hubs(variable: str) -> bool:
    """Tell whether the hub itself reads a variable."""
    own = (*SHORT_NAMES, *ADMIN_TOKEN_VARIABLES, ENCRYPTION_KEY_VARIABLE)
    return variable in own or variable.startswith(_PREFIX)
