"""Whether what a provider has is a message of ours."""

import pytest

from trunkline.core.messages.content import Content
from trunkline.core.settlement.likeness import Likeness, likeness
from trunkline.sdk import DeliveryStatus, Report

CHOICES = (("am", "Morning"), ("pm", "Afternoon"))


@pytest.mark.parametrize(
    ("body", "theirs", "like"),
    [
        ("When?", "When?", Likeness.SAME),
        ("When?", "When?\n1. Morning\n2. Afternoon", Likeness.SAME),
        ("", "1. Morning\n2. Afternoon", Likeness.SAME),
        ("When?", "Where?", Likeness.OTHER),
    ],
)
def test_choices_are_lines_of_a_text_or_buttons_below_it(
    body: str, theirs: str, like: Likeness
) -> None:
    report = Report(
        provider_id="1",
        sender="+14155550100",
        recipient="+14155550199",
        status=DeliveryStatus.SENT,
        vendor_status="sent",
        body=theirs,
        media_count=0,
    )

    assert likeness(Content(body=body, choices=CHOICES), report) is like
