"""Settings by which agents may do anything: most tests are about something else."""

from typing import Final

from trunkline.settings.authority import NONE, LimitsSettings
from trunkline.settings.money import ANYWHERE, MoneySettings
from trunkline.settings.rules import RulesSettings

FILTERS: Final = ("us-rules",)
"""The compliance filters of the checkout, which the tests of others are not about."""

UNRULED: Final = {"TRUNKLINE_RULES__DISABLED": ",".join(FILTERS)}
UNLIMITED: Final = {
    **{f"TRUNKLINE_LIMITS__{name.upper()}": NONE for name in LimitsSettings.model_fields},
    "TRUNKLINE_MONEY__ALLOWED_COUNTRIES": ANYWHERE,
    **UNRULED,
}
"""As variables."""

NO_LIMITS: Final = LimitsSettings.model_validate(dict.fromkeys(LimitsSettings.model_fields, NONE))
NO_RULES: Final = RulesSettings(disabled=FILTERS)
EVERYWHERE: Final = MoneySettings(allowed_countries=(ANYWHERE,))
