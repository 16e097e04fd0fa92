"""The page on texting through Twilio, followed to the end behind a tunnel's host name."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from plugins.twilio.tests.vendor import ACCOUNT, FORM, TOKEN, signature
from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.test_twilio import Twilio, text, twilio

__all__ = ["twilio"]
PAGE = (Path(__file__).parents[2] / "docs" / "use" / "twilio.md").read_text("utf-8")


def block(language: str) -> str:
    """Return the first block of a language on the page."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.sqlite
async def test_case_f2_the_page_leads_to_a_first_text_that_is_answered(
    start_hub: StartHub, twilio: Twilio
) -> None:
    toml = f'{block("toml")}\n[providers.twilio]\nbase_url = "{twilio.url}"\n'
    environ = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    webhook = re.search(r"```\n(https://(\S+?)(/webhooks/ava/sms))\n```", PAGE)
    assert webhook is not None
    url, host, path = webhook.groups()

    async with start_hub(toml=toml, environ=environ) as hub:
        ava = await hub.agent("ava", ALICE)
        sent = await ava.send(BOB, "Hello from Ava")
        report = twilio.asked[0]["StatusCallback"]
        answer = text("Hi Ava")
        told = await hub.client.post(
            path,
            content=urlencode(answer),
            headers={
                "Host": host,
                "Content-Type": FORM,
                "X-Twilio-Signature": signature(url, list(answer.items()), TOKEN),
            },
        )
        heard = await ava.call("comms_wait_for_reply", timeoutSeconds=5)

    assert sent["status"] == "sent"
    assert report.startswith(f"https://{host}/webhooks/ava/message-status?attempt=")
    assert told.status_code == 200
    assert "Hi Ava" in heard["body"]
