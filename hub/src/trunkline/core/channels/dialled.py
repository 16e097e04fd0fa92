"""What channels have in common whose addresses are phone numbers."""

from trunkline.core.channels.base import ChannelRules
from trunkline.core.numbers import NotANumber, parse_number
from trunkline.core.problems import Invalid
from trunkline.sdk import is_demo_number


class Dialled(ChannelRules):
    """The rules of a channel of phone numbers, which people write in many ways."""

    dialled = True
    neither = "neither a phone number (such as +14155550100) nor the id of an agent."

    def read_address(self, text: str, country: str | None) -> str | None:
        try:
            return parse_number(text, country)
        except NotANumber:
            return None

    def read_own(self, text: str) -> str:
        try:
            return parse_number(text, None)
        except NotANumber as error:
            raise Invalid(self.set_by, str(error)) from None

    def check_reach(self, sender: str, recipient: str, *, simulated: bool) -> None:
        super().check_reach(sender, recipient, simulated=simulated)
        if is_demo_number(recipient) and not simulated:
            raise Invalid("to", "+1 202 555 0100 to 0199 exist only in the simulated network.")
