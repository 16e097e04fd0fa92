"""
The operator's commands: what each is called, says of itself, takes and prints.

An operation of the operator takes its description from here, and the command line its command.
This imports nothing else of the hub's: a command that asks a running hub needs neither the
operations nor what they rest on, and to import those takes longer than all else that it does.
"""

from typing import Final

from trunkline.surfaces.command import Argument, Command, Option
from trunkline.surfaces.record_commands import CARRIERS, RECORD
from trunkline.surfaces.rule_commands import RULES

_ID: Final = Argument("id", "ID")
_AGENT: Final = Argument("id", "AGENT")
_NEWEST: Final = Option("limit", "How many, newest first. Default: 50.", kind=int, default=50)

_ALL: Final = (
    Command(
        "agents_create",
        """Create an agent in a free slot of the pool.

        Keys: phone, email, whatsapp, telephony, email_connection, whatsapp_connection,
        display_name, country, callback_url, settle_ms, greeting, message_class, hold,
        sms_mirror_to, email_bcc_to.""",
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
        columns={
            "agents": "agentId status suspendedAt suspendedReason addresses displayName connections"
        },
    ),
    Command("agents_show", "Show one agent.", takes=(_ID,)),
    Command(
        "agents_provision",
        """Give an agent its channels: a number, a WhatsApp sender, a mail address, a voice.

        It is created if it is new; asked again, what is missing is finished and nothing is bought
        twice. Without --phone, --whatsapp, --email and --voice-ai it is a number. securityToken is
        shown this once.""",
        takes=(
            _ID,
            Option("country", "Of its number, such as US."),
            Option("phone", "Buy a number for texts and calls.", kind=bool),
            Option("whatsapp", "Register a WhatsApp sender.", kind=bool),
            Option("email", "Give it an address at [provisioning] email_domain.", kind=bool),
            Option("voice_ai", "Greet callers on its number.", kind=bool),
            Option("display_name", "What people see."),
            Option("greeting", "What callers hear."),
            Option("telephony", "The connection that serves it instead of the slot's."),
        ),
    ),
    Command(
        "agents_deprovision",
        """End an agent: it may do nothing from then on, and its slot is free.

        What it has queued is canceled and its tokens are revoked; its messages stay. Its number is
        kept for the next agent, unless it is released.""",
        takes=(_ID, Option("release_number", "Give its number back for good.", kind=bool)),
        columns={"left": "channel address status reason"},
    ),
    Command(
        "agents_kept",
        """List numbers and senders that no agent has and that are paid for.

        The next agent of the country gets one of them, unless it is released.""",
        takes=(Option("release", "Give this one back for good."),),
        columns={"kept": "address channel connection country wasOf monthlyPrice currency reason"},
    ),
    Command(
        "agents_numbers",
        "List numbers on sale, cheapest first; nothing is bought.",
        takes=(
            Option("country", "Such as US.", required=True),
            Option("area_code", "Digits that it begins with."),
            Option("contains", "Digits that it has anywhere."),
            Option("limit", "How many. Default: 20.", kind=int, default=20),
        ),
        columns={
            "numbers": "number numberType monthlyPrice currency capabilities addressRequirement "
            "refused",
        },
    ),
    Command(
        "agents_suspend",
        """Stop an agent from acting; it keeps its number and still receives.

        What it has queued is held until it is resumed, or until its time has passed.""",
        takes=(_ID, Option("reason", "Why; `agents show` tells it.")),
    ),
    Command(
        "agents_resume",
        "Let a suspended agent act again, and what is held for it go.",
        takes=(_ID,),
    ),
    Command(
        "agents_mode",
        """Let an agent be simulated or live from now on.

        What a simulated agent sends passes the same rules and reaches the simulated network only.
        What waits to be sent keeps the mode in which it was accepted.""",
        takes=(_ID, Argument("mode", "simulated|live")),
    ),
    Command(
        "agents_limits",
        """Show or set how often an agent may act and how much it may spend.

        Keys: maxActionsPerMinute, maxActionsPerHour, maxActionsPerDay, maxSpendPerDay,
        maxSpendPerMonth, maxCallDurationMinutes, maxCallsPerDayToSameNumber (none: no limit), and a
        channel such as sms (on or off). * stands for all agents of the hub together.""",
        takes=(_ID, Argument("values", "KEY=VALUE", required=False, pairs=True)),
    ),
    Command(
        "agents_webhook_secret",
        """Print what the messages forwarded to an agent's callback URL are signed with.

        With --rotate it is a new one; for a while the one before signs too.""",
        takes=(
            _ID,
            Option("rotate", "Replace it.", kind=bool),
            Option("overlap_s", "For so long both sign. Default: a day.", kind=int, default=86_400),
        ),
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
            Option("role", "Of an admin token: admin, operator, approver or viewer."),
            Option("days", "It ends after so many; default: never.", kind=int),
            Option("channels", "The channels that it is for, such as sms,email; default: all."),
            Option("operations", "The operations that it is for; default: all."),
            Option("networks", "From where it may be used, such as 192.0.2.0/24."),
            Option("read_only", "It sends nothing and changes nothing.", kind=bool),
            Option("max_spend_per_day", "What it may spend in 24 hours.", kind=float),
            Option("max_spend_per_month", "What it may spend in 30 days.", kind=float),
        ),
        only="token",
    ),
    Command(
        "tokens_rotate",
        """Revoke an agent's tokens and print a new one, which may do what the newest might.

        With --overlap-s those before it go on for so many seconds.""",
        takes=(
            _AGENT,
            Option("overlap_s", "Default: 0, they end at once.", kind=int, default=0),
            Option("days", "It ends after so many; default: as the newest.", kind=int),
        ),
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
        columns={"tokens": "kid scope agentId role issuedAt expiresAt lastUsedAt revokedAt advice"},
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
    *RULES,
    *(*RECORD, *CARRIERS),
    Command(
        "pool_show",
        "Show how many slots there are and how many are taken, and the WhatsApp senders that wait.",
    ),
    Command(
        "pool_give_back",
        """Give a WhatsApp sender of the pool back to its provider, with its number.

        Its place is filled anew. NUMBER is its id where it has no number.""",
        takes=(Argument("number", "NUMBER"),),
    ),
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
        "calls_list",
        "List calls, newest first, and how they stand.",
        takes=(_NEWEST,),
        columns={
            "calls": "id startedAt agentId direction from to status durationSeconds messageId",
        },
    ),
    Command(
        "calls_show",
        "Show how a call stands, and its history.",
        takes=(_ID,),
        columns={"history": "at status moved"},
    ),
    Command(
        "keys_show",
        """Show which keys are in use, and how far their last rotation is.

        master_key is a fingerprint: it tells which key it is, and nothing of it.""",
    ),
    Command(
        "keys_rotate",
        """Put everything that is encrypted under new keys, while the hub works.

        A hub with a master.key makes the new one by itself. A rotation that was broken off goes
        on by itself, and so does one that is asked for again.""",
    ),
    Command(
        "usage_show",
        """Show what agents did and what it cost, and our figures beside the providers'.

        unknown: acts of which nobody knows whether they happened; reserved: what they would cost.
        unpriced: acts whose cost nobody tells. difference: how much more the provider took than
        was estimated, of what it has confirmed. Days are UTC's; nothing is converted.""",
        takes=(
            Option("period", "today, week, month or all. Default: month.", default="month"),
            Option("agent", "One agent. Default: all, and the connections."),
        ),
        columns={
            "agents": "agentId currency actions cost billed unknown reserved unpriced "
            "rateLimitHits simulated",
            "connections": "day connection currency actions cost estimated confirmed difference",
        },
    ),
    Command(
        "usage_export",
        """Print what was done and what it cost as CSV, newest first.

        At most 100,000 rows; nobody's number or address is among them.""",
        takes=(
            Option("since", "First day (UTC), such as 2026-11-01. Default: all that is kept."),
            Option("until", "Last day. Default: today."),
            Option("agent", "One agent. Default: all."),
        ),
        only="csv",
    ),
    Command(
        "privacy_keep",
        "Keep an agent's texts of one channel, encrypted, from now on.",
        takes=(
            _AGENT,
            Option("channel", "sms, whatsapp, email, voice or chat.", required=True),
            Option("days", "For how long; 0 keeps none.", kind=int, required=True),
        ),
    ),
    Command(
        "privacy_export",
        """Print everything that the hub holds of a contact, as JSON.

        It holds texts and numbers in the clear: hand it to nobody but the contact.""",
        takes=(Argument("address", "ADDRESS"),),
    ),
    Command(
        "privacy_erase",
        """Erase a contact for good, ask its providers to forget it, and print a receipt.

        What waits to be sent to it is canceled, and what is being sent is waited for. That it asked
        for no more messages still holds.""",
        takes=(Argument("address", "ADDRESS"),),
    ),
    Command(
        "privacy_receipts",
        """List receipts of erasures, newest first.

        With an address only its own: a receipt holds a keyed hash of it alone.""",
        takes=(Argument("address", "ADDRESS", required=False), _NEWEST),
        columns={"receipts": "receiptId askedAt erasedAt finishedAt counts vendors waiting"},
    ),
)
COMMANDS: Final = {command.name: command for command in _ALL}
"""Each command by its operation's name."""
