"""Trunkline: a plug-in communications hub for AI agents."""

from typing import Final

__version__: Final = "1.0.0"
