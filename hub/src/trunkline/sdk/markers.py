"""The two pluggy markers and the entry-point group. Nothing else, so that importing it is free."""

from typing import Final

import pluggy

PROJECT: Final = "trunkline"
ENTRY_POINT_GROUP: Final = "trunkline.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
