"""Find the installed plugins, load each one alone, and report what became of every one of them."""

from trunkline.loading.faults import plainly
from trunkline.loading.plugins import (
    PluginReport,
    Plugins,
    PluginState,
    RequiredPluginMissing,
    load_plugins,
)
from trunkline.loading.quiet import stdout_is_stderr
from trunkline.loading.specs import provider_fault, variables_of

__all__ = [
    "PluginReport",
    "PluginState",
    "Plugins",
    "RequiredPluginMissing",
    "load_plugins",
    "plainly",
    "provider_fault",
    "stdout_is_stderr",
    "variables_of",
]
