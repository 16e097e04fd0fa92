"""The operator's commands on the record."""

from typing import Final

from trunkline.surfaces.command import Argument, Command

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
