"""The suite of speech recognition, filled in for Deepgram as `vendor.py` has it."""

from plugins.deepgram.tests.vendor import ANSWERS, CONFIG, LIVE, MEANS, SENDS_AS
from trunkline.testing import BaseSttConformance
from trunkline_deepgram.live import CLOSE_STREAM
from trunkline_deepgram.plugin import DEEPGRAM


class DeepgramSuite(BaseSttConformance):
    spec = DEEPGRAM
    config = CONFIG
    answers = ANSWERS
    means = MEANS
    sends_as = SENDS_AS
    hears_as = SENDS_AS
    live = LIVE
    ends_sound = CLOSE_STREAM
    silence_s = 10.0
