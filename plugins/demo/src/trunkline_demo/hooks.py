"""What the webhooks of every channel of the simulated network have in common."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from trunkline.sdk import InboundEvent


def _wire_name(field: str) -> str:
    return {"sender": "from", "recipient": "to"}.get(field) or to_camel(field)


class Part(BaseModel):
    """A part of a webhook's body."""

    model_config = ConfigDict(alias_generator=_wire_name, validate_by_name=True, frozen=True)


class Webhook(Part):
    """The JSON body of a webhook; `type` is a channel and a word, such as ``sms.received``."""

    type: str

    def events(self) -> Sequence[InboundEvent]:
        """Return what it tells the hub."""
        raise NotImplementedError
