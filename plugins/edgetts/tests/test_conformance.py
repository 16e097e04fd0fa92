"""The hub's suite of speech, run against Edge's voices."""

from plugins.edgetts.tests.suite import EdgeTtsSuite


class TestEdgeTts(EdgeTtsSuite):
    pass
