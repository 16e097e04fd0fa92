"""The error of every setting that cannot be used."""

from typing import ClassVar

from trunkline.sdk import NotConfigured


class SettingsError(NotConfigured):
    """A setting or the data directory must be repaired; the text names which, never a value."""

    code: ClassVar[str] = "settings.invalid"
