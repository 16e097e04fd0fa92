"""Trunkline's suite of speech recognition, run against Deepgram."""

from plugins.deepgram.tests.suite import DeepgramSuite


class TestDeepgram(DeepgramSuite):
    pass
