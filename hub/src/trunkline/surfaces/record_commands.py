"""The operator's commands on the record, and on what carriers know."""

from typing import Final

from trunkline.surfaces.command import Argument, Command, Option

CARRIERS: Final = (
    Command(
        "carriers_register",
        """Register a business (brand), or what it sends (campaign), with carriers.

        Facts are the provider's own fields; the same ones again are the same registration. It may
        cost money, and take weeks: `carriers list` tells how it stands.""",
        takes=(
            Argument("kind", "brand|campaign"),
            Argument("facts", "FIELD=VALUE", pairs=True),
            Option("connection", "The account. Default: that of slot telephony."),
        ),
    ),
    Command(
        "carriers_list",
        """List what is registered with carriers, or shall be, and how it stands.

        status: in_progress, pending, ready, rejected, missing or failed.""",
        columns={"registrations": "id kind connection providerId status vendorStatus reason"},
    ),
)
RECORD: Final = (
    Command(
        "audit_verify",
        """Judge every row of the record, and the rows by all that was signed of them.

        It ends with 1 if a row was changed, taken out, put in or exchanged, if the end was cut off,
        or if the whole was written anew.""",
        columns={"faults": "kind seq sentence"},
        failed=lambda result: not result["intact"],
    ),
    Command(
        "audit_export",
        """Print the record as JSON lines, with what was signed of it.

        `audit_verifier.py` verifies them anywhere, with what `trunkline audit keys --json`
        prints.""",
    ),
    Command(
        "audit_keys",
        """Show the key that chains the record, and the public key of its signatures.

        Whoever verifies an export needs both. With the first nobody can sign; together with a way
        to write into the database it can hide a change made since the record was signed last.""",
    ),
    Command(
        "audit_whom",
        """Show what stands for an address in the record, until its owner is erased.""",
        takes=(Argument("address", "ADDRESS"),),
        only="recipient",
    ),
)
