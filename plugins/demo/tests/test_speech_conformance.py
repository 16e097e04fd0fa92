"""The hub's suite of speech, run against the voice of the simulated network, which asks nobody."""

from typing import ClassVar

from trunkline.sdk import Billed
from trunkline.testing import BaseTtsConformance
from trunkline_demo.plugin import DemoPlugin
from trunkline_demo.speech import VOICE


# -- start suite --
class TestDemoSpeech(BaseTtsConformance):
    (spec,) = DemoPlugin().trunkline_register_tts()
    config: ClassVar = {"signing_key": "0123456789abcdef0123456789abcdef"}
    asks_nobody = True
    over_http = False
    voice = other_voice = VOICE.id
    answers: ClassVar = {}
    means: ClassVar = {"billed": Billed(units=32), "voices": [VOICE]}
    # -- end suite --
