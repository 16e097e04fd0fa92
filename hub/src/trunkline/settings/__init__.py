"""The hub's own settings: a file, then the environment, then the command line; later wins."""

from trunkline.loading.variables import (
    ADMIN_TOKEN_VARIABLES,
    ENCRYPTION_KEY_VARIABLE,
    SHORT_NAMES,
    variable_name,
)
from trunkline.settings.data_dir import secure_data_dir, unusable
from trunkline.settings.errors import SettingsError
from trunkline.settings.load import DEFAULT_FILE, find_file, load_settings
from trunkline.settings.models import Settings
from trunkline.settings.values import TomlScalar

__all__ = [
    "ADMIN_TOKEN_VARIABLES",
    "DEFAULT_FILE",
    "ENCRYPTION_KEY_VARIABLE",
    "SHORT_NAMES",
    "Settings",
    "SettingsError",
    "TomlScalar",
    "find_file",
    "load_settings",
    "secure_data_dir",
    "unusable",
    "variable_name",
]
