"""The hub's suite of speech, filled in for ElevenLabs."""

from plugins.elevenlabs.tests.vendor import ANSWERS, CONFIG, GEORGE, MEANS, RACHEL
from trunkline.testing import BaseTtsConformance
from trunkline_elevenlabs.plugin import ELEVENLABS
from trunkline_elevenlabs.wire import FORMATS


class ElevenLabsSuite(BaseTtsConformance):
    spec = ELEVENLABS
    config = CONFIG
    answers = ANSWERS
    means = MEANS
    voice = GEORGE
    other_voice = RACHEL
    asks_as = FORMATS
