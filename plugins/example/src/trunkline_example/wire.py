"""What Postbird's JSON holds, of which only what is needed is read, and what its words mean."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from trunkline.sdk import MICROS, DeliveryStatus, Failure, FailureKind

# -- start words --
STATUS: Final = {
    "queued": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.FAILED,
}
FAILURES: Final = {
    "invalid_to": Failure(kind=FailureKind.UNREACHABLE, sentence="There is no such number."),
    "unreachable": Failure(kind=FailureKind.TEMPORARY, sentence="The phone is off: try later."),
    "spam": Failure(kind=FailureKind.REFUSED, sentence="A carrier took it for spam: reword it."),
    "sender_unregistered": Failure(kind=FailureKind.NOT_SET_UP, sentence="Register the sender."),
}


# -- end words --
# -- start json --
class Read(BaseModel):
    # No error may quote what a vendor sent: it may be a number or a text.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=9)]  # "0.0079", never a float


def micros(amount: Decimal | None) -> int | None:
    return None if amount is None else round(amount * MICROS)


class Text(Read):
    id: str = Field(min_length=1)
    sender: str = Field(alias="from", min_length=1)
    recipient: str = Field(alias="to", min_length=1)


class Told(Text):
    """How far a text got. Its price comes once Postbird knows it."""

    status: str
    error_code: str | None = None
    price: Amount | None = None
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    # -- end json --
