"""What the gate says no with, beside what channels and destinations say."""

from collections.abc import Mapping
from typing import Final

from trunkline.core.channels import Block
from trunkline.core.compliance.repository import Why

SUSPENSION: Final = "suspension"
"""The rule that stops what an agent sends that is suspended; what it had queued waits."""

CLOSED: Final[Mapping[Why, str]] = {
    Why.OPTED_OUT: "{who} has opted out of messages and calls. Do not send again; only their own "
    "START lifts it.",
    Why.COMPLAINED: "{who} reported a mail as spam. Do not send again; only their own START lifts "
    "it.",
    Why.BOUNCED: "an earlier mail to {who} bounced: there is no such mailbox, or it takes no mail. "
    "Check the address; if it is right, an operator can lift this.",
}


OFF: Final = Block(
    rule="channel",
    sentence="An operator has switched this channel off for the agent. Use another, or ask them.",
    field="channel",
)
TOO_LONG: Final = Block(
    rule="call_duration",
    sentence="Saying it takes longer than a call of this agent may. Say less.",
    field="text",
)
OVERSPENT: Final = Block(
    rule="spend_cap",
    sentence="The agent has spent more by now than it may: its vendors charged more than was "
    "expected, or an operator lowered the cap.",
)
HURRIES: Final = Block(
    rule="velocity",
    sentence="The agent has written to or called too many ranges of numbers within ten minutes, "
    "as one does who was taken over. It is suspended; an operator looks at it and resumes it.",
)
"""Whoever stores an act as blocked by this suspends its agent."""
