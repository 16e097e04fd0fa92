"""The hub's suite of speech, run against ElevenLabs."""

from plugins.elevenlabs.tests.suite import ElevenLabsSuite


class TestElevenLabs(ElevenLabsSuite):
    pass
