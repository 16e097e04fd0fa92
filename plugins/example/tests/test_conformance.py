"""The hub's telephony suite, run against Postbird."""

from plugins.example.tests.postbird import ANSWERS, CONFIG, WEBHOOKS
from trunkline.testing import BaseTelephonyConformance
from trunkline_example.plugin import EXAMPLE


# -- start suite --
class TestExample(BaseTelephonyConformance):
    spec = EXAMPLE
    config = CONFIG
    answers = ANSWERS
    webhooks = WEBHOOKS
    # -- end suite --
