"""
The operator's commands: what each is called, says of itself, takes and prints.

An operation of the operator takes its description from here, and the command line its command.
This imports nothing of the hub's: a command that asks a running hub needs neither the operations
nor what they rest on, and to import those takes longer than all else that it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Option:
    """An option; one of kind `bool` is a flag. It is called as the operation's argument is."""

    name: str
    help: str
    _: KW_ONLY
    kind: type = str
    default: object = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """
    A positional argument.

    Attributes:
        name: The operation's argument that it fills.
        shown: What usage calls it.
        pairs: It is any number of ``KEY=VALUE``.
        unless: A flag that is given instead of it.
    """

    name: str
    shown: str
    _: KW_ONLY
    kind: type = str
    required: bool = True
    pairs: bool = False
    unless: Option | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """
    A command of the operator.

    Attributes:
        name: Its operation's: the group, and after the first ``_`` the command.
        text: What ``--help`` says; its first paragraph describes the operation.
        takes: Arguments of the operation; `trunkline.cli.rendered` makes them of any others.
        columns: Those of each list in the result, in one text. A list that is the whole result is
            all that the JSON holds.
        only: The one value of the result that is printed, unless as JSON.
        failed: Tells by the result whether the exit code is 1.
    """

    name: str
    text: str
    _: KW_ONLY
    takes: tuple[Argument | Option, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    failed: Callable[[Mapping[str, Any]], bool] | None = None

    @property
    def description(self) -> str:
        """The operation's description."""
        return " ".join(self.text.partition("\n\n")[0].split())


_ID: Final = Argument("id", "ID")
_AGENT: Final = Argument("id", "AGENT")
_NEWEST: Final = Option("limit", "How many, newest first. Default: 50.", kind=int, default=50)

_ALL: Final = (
    Command(
        "agents_create",
        """Create an agent in a free slot of the pool.

        Keys: phone, email, whatsapp, telephony, email_connection, whatsapp_connection,
        display_name, country, callback_url, settle_ms.""",
        takes=(_ID, Argument("values", "KEY=VALUE", required=False, pairs=True)),
    ),
    Command(
        "agents_set",
        "Change an agent's values; an empty value clears one.",
        takes=(_ID, Argument("values", "KEY=VALUE", pairs=True)),
    ),
    Command(
        "agents_list",
        "List every agent.",
        columns={"agents": "agentId status addresses displayName connections"},
    ),
    Command("agents_show", "Show one agent.", takes=(_ID,)),
    Command(
        "agents_suspend",
        "Stop an agent from acting; it keeps its number and still receives.",
        takes=(_ID,),
    ),
    Command("agents_resume", "Let a suspended agent act again.", takes=(_ID,)),
    Command(
        "agents_webhook_secret",
        "Print what the messages forwarded to an agent's callback URL are signed with.",
        takes=(_ID,),
        only="secret",
    ),
    Command(
        "templates_set",
        """Store a template, in place of the one with its id.

        FILE holds it as TOML or JSON, in the form that `show --json` prints; --body writes one of a
        single text.""",
        takes=(
            _ID,
            Argument("file", "FILE", required=False),
            Option("language", "Of a template of one text. Default: en.", default="en"),
            Option("subject", "Of a template of one text, for mails."),
            Option("body", "Of a template of one text, with its variables as {{name}}."),
        ),
    ),
    Command(
        "templates_list",
        "List templates, and those that WhatsApp providers have, in the state that they list.",
    ),
    Command("templates_show", "Show one template.", takes=(_ID,)),
    Command(
        "templates_remove",
        "Remove a template; what waits to be sent of it is sent all the same.",
        takes=(_ID,),
    ),
    Command(
        "tokens_issue",
        "Issue a token and print it: it is shown this once.",
        takes=(
            Argument(
                "id",
                "AGENT",
                unless=Option("admin", "Issue an admin token instead of an agent's.", kind=bool),
            ),
        ),
        only="token",
    ),
    Command(
        "tokens_rotate",
        "Revoke an agent's tokens and print a new one.",
        takes=(_AGENT,),
        only="token",
    ),
    Command(
        "tokens_revoke",
        "Revoke one token by its kid, or all of an agent's.",
        takes=(Argument("target", "KID|AGENT"),),
    ),
    Command(
        "tokens_list",
        "List every token, without secrets.",
        columns={"tokens": "kid scope agentId issuedAt lastUsedAt revokedAt"},
    ),
    Command(
        "forwards_list",
        "List forwards, newest first.",
        takes=(
            Option("state", "waiting, delivered, acknowledged or dead. Default: all."),
            _NEWEST,
        ),
        columns={"forwards": "messageId agentId state tries createdAt reason"},
    ),
    Command(
        "forwards_replay",
        "Forward a message anew, at once. Its webhook-id stays the same.",
        takes=(
            Argument(
                "id",
                "MESSAGE",
                unless=Option("dead", "Replay all that were given up, instead of one.", kind=bool),
            ),
        ),
    ),
    Command(
        "subscriptions_list",
        "List living subscriptions, newest first.",
        takes=(_NEWEST,),
        columns={
            "subscriptions": "subscriptionId agentId event url expiresAt waiting reason",
        },
    ),
    Command(
        "subscriptions_end",
        "End a subscription, and give up what is on its way to it.",
        takes=(_ID,),
    ),
    Command(
        "suppressions_list",
        """List the addresses that nothing more is sent to, newest first.

        reason: opted_out, complained (of a mail) or bounced. sender: the only address of the hub's
        that it is closed to; none means all of them.""",
        takes=(_NEWEST,),
        columns={"suppressions": "address sender reason source closedAt"},
    ),
    Command(
        "suppressions_lift",
        """Let an address be written to again after a bounce.

        What its owner asked for is not lifted: only their own START does that.""",
        takes=(Argument("address", "ADDRESS"),),
    ),
    Command("pool_show", "Show how many slots there are and how many are taken."),
    Command(
        "pool_grow",
        "Make the pool N slots large; it never shrinks.",
        takes=(Argument("size", "N", kind=int),),
    ),
    Command(
        "events_list",
        "List the newest events and how they ended.",
        takes=(
            Option("state", "handled, ignored, dead or waiting. Default: all."),
            Option("limit", "How many. Default: 50.", kind=int, default=50),
        ),
        columns={"events": "eventId at connection kind state messageId reason"},
    ),
    Command(
        "events_replay",
        """Take dead letters in again, once their adapter is repaired; each has its effect once.

        The exit code is 1 if one of them stays dead.""",
        takes=(
            Argument("id", "EVENT", unless=Option("dead", "Replay every dead letter.", kind=bool)),
        ),
        columns={"events": "eventId state messageId outcome"},
        failed=lambda result: any(each["state"] == "dead" for each in result["events"]),
    ),
    Command(
        "messages_list",
        "List messages, newest first, and how they stand; not what they say.",
        takes=(
            Option("flagged", "Only those that wait for a person.", kind=bool),
            Option("status", "One status, such as unknown or failed. Default: all."),
            _NEWEST,
        ),
        columns={"messages": "id at agentId channel direction status flag connection reason"},
    ),
    Command(
        "messages_show",
        "Show how a message stands, every attempt at it and its history; not what it says.",
        takes=(_ID,),
        columns={
            "attempts": "number state begunAt finishedAt externalId providerCode",
            "history": "at status source moved eventId",
        },
    ),
    Command(
        "messages_resolve",
        """Decide about a message that waits for a person.

        Of one whose outcome is unknown, whether it was sent: if it was not, it is tried again,
        unless its time has passed or its text is gone. Of an inbound one that may ask for no more
        texts, whether its sender has opted out: that closes the number.""",
        takes=(
            _ID,
            Option("sent", "You found that it was sent.", kind=bool),
            Option("not_sent", "You found that it was not sent.", kind=bool),
            Option("opted_out", "Its sender wants no more texts.", kind=bool),
            Option("not_opted_out", "Its sender wants something else.", kind=bool),
        ),
    ),
    Command(
        "messages_retry",
        "Let the next attempt at a queued message begin now.",
        takes=(_ID,),
    ),
    Command(
        "privacy_keep",
        "Keep an agent's texts of one channel, encrypted, from now on.",
        takes=(
            _AGENT,
            Option("channel", "sms, whatsapp, email or chat.", required=True),
            Option("days", "For how long; 0 keeps none.", kind=int, required=True),
        ),
    ),
)
COMMANDS: Final = {command.name: command for command in _ALL}
"""Each command by its operation's name."""
