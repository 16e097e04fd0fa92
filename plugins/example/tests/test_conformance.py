"""The hub's telephony suite, run against Postbird."""

from plugins.example.tests.postbird import ANSWERS, CONFIG, MEANS, SENDS_AS, STATUSES, WEBHOOKS
from trunkline.testing import BaseTelephonyConformance
from trunkline_example.plugin import EXAMPLE


# -- start suite --
class TestExample(BaseTelephonyConformance):
    spec = EXAMPLE
    config = CONFIG
    answers = ANSWERS
    webhooks = WEBHOOKS
    means = MEANS
    statuses = STATUSES
    sends_as = SENDS_AS
    signs_url = False
    signature_tolerance_s = 300.0
    # -- end suite --
