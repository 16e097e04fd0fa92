"""The kinds of provider that a plugin may offer: each is in the table by being imported here."""
# ruff: noqa: F401, I001 - in the order in which they are listed everywhere

from typing import Final

from trunkline.sdk.kind import Kind
from trunkline.sdk.telephony import TELEPHONY
from trunkline.sdk.email import EMAIL
from trunkline.sdk.whatsapp import WHATSAPP
from trunkline.sdk.tts import TTS
from trunkline.sdk.stt import STT
from trunkline.sdk.storage import STORAGE

KINDS: Final = {each.name: each for each in [*vars().values()] if isinstance(each, Kind)}
"""By name. Hooks, slots, variables, channels, scaffolds and the reference are made from it."""
