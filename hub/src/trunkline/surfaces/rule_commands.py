"""The operator's commands about who gets what: approvals, and who gets nothing more."""

from typing import Final

from trunkline.surfaces.command import Argument, Command, Option

_NEWEST: Final = Option("limit", "How many, newest first. Default: 50.", kind=int, default=50)

RULES: Final = (
    Command(
        "alerts_list",
        """List what is or was wrong, newest first.

        status: open, acknowledged or over.""",
        takes=(
            Option("severity", "CRITICAL, HIGH, MEDIUM or LOW: these, and what is worse."),
            Option("open", "Only what is neither acknowledged nor over.", kind=bool),
            _NEWEST,
        ),
        columns={"alerts": "id severity kind subject status count firstAt lastAt told"},
    ),
    Command(
        "alerts_ack",
        "Say that somebody sees to an alert, or to all that are open: it is not told again.",
        takes=(Argument("id", "ALERT|all"),),
        columns={"alerts": "id severity kind subject acknowledgedBy"},
    ),
    Command(
        "alerts_test",
        "Tell every alert sink, or one, that this is a test.",
        takes=(
            Option("severity", "How bad to call it. Default: LOW.", default="LOW"),
            Option("sink", "Only this one."),
        ),
        columns={"sinks": "sink taken minSeverity reason"},
    ),
    Command(
        "approvals_list",
        """List what waits, or waited, for a person, newest first.

        status: pending, approved, rejected, expired or canceled.""",
        takes=(
            Option("status", "Only these."),
            Option("agent", "Of one agent."),
            Option("limit", "How many. Default: 50.", kind=int, default=50),
        ),
        columns={"approvals": "id status agentId messageId requestedAt expiresAt reasons"},
    ),
    Command(
        "approvals_show",
        """Show one of them with its text. That it was seen is noted.""",
        takes=(Argument("id", "APPROVAL"),),
        columns={"events": "at what by via note"},
    ),
    Command(
        "approvals_decide",
        """Say yes or no to what waits for a person, or to all that waits of a batch.

        The first decision counts. What was approved is sent, unless a rule stands against it by
        then.""",
        takes=(
            Argument("id", "APPROVAL|BATCH"),
            Argument("decision", "approve|reject"),
            Option("digest", "What was looked at: with another nothing is decided."),
            Option("note", "Why, for the record."),
        ),
        columns={"approvals": "id status agentId messageId decidedAt decidedBy"},
    ),
    Command(
        "consent_record",
        """Record that somebody agreed to be contacted.

        Without --channel and --message-class it is for all. STOP takes it back.""",
        takes=(
            Argument("address", "ADDRESS"),
            Option("source", "Where: a form and its version, the id of a call.", required=True),
            Option("given_at", "When, such as 2026-11-21T09:00:00Z. Default: now."),
            Option("channel", "sms, whatsapp, email or voice."),
            Option("message_class", "marketing or another class."),
            Option("written", "They signed, ticked or typed it.", kind=bool),
            Option("artificial_voice", "It covers calls in an artificial voice.", kind=bool),
            Option("shown", "The words that they agreed to."),
            Option("state", "Of the United States, where they say they live."),
            Option("zone", "Their time zone, such as America/Chicago."),
        ),
    ),
    Command(
        "consent_show",
        "Show what somebody agreed to, newest first.",
        takes=(Argument("address", "ADDRESS"),),
        columns={
            "consents": "channel messageClass written artificialVoice givenAt source revokedAt"
        },
    ),
    Command(
        "consent_revoke",
        "Take back what somebody agreed to, on one channel or on all.",
        takes=(Argument("address", "ADDRESS"), Option("channel", "Only this one.")),
    ),
    Command(
        "consent_import",
        """Store the consents of a CSV file; all of them, or none.

        Its columns are those of an export: address, givenAt and source are needed.""",
        takes=(Argument("csv", "FILE"),),
    ),
    Command("consent_export", "Print all consents as CSV.", only="csv"),
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
)
