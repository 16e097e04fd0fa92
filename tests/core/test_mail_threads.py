"""Which conversation a mail belongs to, and which claims are only claims."""

import pytest

from trunkline.sdk.mail import (
    Claim,
    Conversation,
    ancestors,
    canonical_subject,
    claim,
    reply_subject,
)

ROSA = Conversation(participants=frozenset({"rosa@b.test", "ava@a.test"}), subject="Oak boards")


@pytest.mark.parametrize(
    "subject",
    [
        *("Oak", "Re: Oak", "RE:Oak", "Re[2]: AW: Antw: SV: [extern] Re:Oak", "Re (3): Oak"),
        *(
            "回复\uff1aOak",
            "转发: Oak",
            "FWD: Fw: WG: TR: Oak",
            "R: RIF: Oak",
            "Ответ: Oak",
            "  re :  Oak ",
        ),
        "Re:\r\n Oak",
    ],
)
def test_prefixes_of_every_program_go(subject: str) -> None:
    assert canonical_subject(subject) == "Oak"
    assert reply_subject(subject) == "Re: Oak"


@pytest.mark.parametrize(
    "subject", ["Reply to Oak", "Wgs: 3", "Regarding: Oak", "[Oak] boards", ""]
)
def test_what_is_no_prefix_stays(subject: str) -> None:
    assert canonical_subject(subject) == subject


@pytest.mark.parametrize(
    ("sender", "subject", "in_reply_to", "found"),
    [
        ("rosa@b.test", "Re: Oak boards", "<1@a.test>", Claim.PARTICIPANT),
        ("rosa@b.test", "Something else", "<1@a.test>", Claim.PARTICIPANT),
        ("rosa@b.test", "AW: oak boards", None, Claim.PARTICIPANT),
        ("rosa@b.test", "Fence posts", None, Claim.NONE),
        ("mallory@evil.test", "Re: Oak boards", "<1@a.test>", Claim.UNPROVEN),
        ("mallory@evil.test", "Re: Oak boards", None, Claim.UNPROVEN),
        (None, "Re: Oak boards", "<1@a.test>", Claim.UNPROVEN),
    ],
)
def test_a_claim_holds_for_who_takes_part_and_says_so(
    sender: str | None, subject: str, in_reply_to: str | None, found: Claim
) -> None:
    assert found is claim(
        sender=sender,
        subject=subject,
        named="<1@a.test>",
        in_reply_to=in_reply_to,
        conversation=ROSA,
    )


def test_no_mail_is_its_own_ancestor_and_the_nearest_comes_first() -> None:
    assert ancestors("<a>", "<b>", ("<x>", "<a>", "<b>")) == ("<b>", "<x>")
    assert ancestors("<a>", None, ("<a>",)) == ()
