"""Two makes of provider for mails and for WhatsApp, whose other sides the test plays."""

from dataclasses import dataclass

from plugins.greenapi.tests.double import Double
from plugins.greenapi.tests.vendor import CONFIG as GREEN
from plugins.greenapi.tests.vendor import HUB as NUMBER
from plugins.greenapi.tests.vendor import PERSON as READER
from plugins.greenapi.tests.vendor import received as came_by_greenapi
from plugins.greenapi.tests.vendor import text_data
from plugins.resend.tests.api import Api
from plugins.resend.tests.vendor import FILES, HUB, ID, PERSON, announced, received
from plugins.smtp.tests.badbox import BadBox
from plugins.smtp.tests.servers import Kept
from plugins.twilio.tests.whatsapp_forms import WRITTEN
from tests.flows.hubs import Served
from tests.flows.test_resend import post
from tests.flows.test_twilio import Twilio
from trunkline.testing import Canned


@dataclass
class Mail:
    """Both makes of e-mail: Resend's API, and a mail server with a mailbox."""

    resend: Api
    smtp: Kept
    box: BadBox
    tables: dict[str, str]

    def toml(self, *slot: str, tables: tuple[str, ...] = ()) -> str:
        """Return settings; `tables` are of connections that stay beside those of the slot."""
        line = f'email = "{slot[0]}"' if len(slot) == 1 else f"email = {list(slot)}"
        return f"[slots]\n{line}\n" + "".join(self.tables[name] for name in {*slot, *tables})

    async def answer_by_resend(self, hub: Served, to: str, number: int) -> None:
        """Let the person answer a mail; Resend announces it and shows it."""
        shown = received(
            headers={"In-Reply-To": to, "References": to},
            message_id=f"<answer-{number}@people.example>",
        )
        # The list of what it has come to is asked for after the mail itself.
        self.resend.answers = [Canned(status=200, json=each) for each in (shown, FILES)]
        self.resend.asked.clear()
        assert await post(hub, announced().body, f"msg_{number}") == 204
        self.resend.answers = [Canned(status=200, json={"id": ID})]
        self.resend.asked.clear()

    async def answer_by_imap(self, hub: Served, to: str, number: int) -> None:
        """Let the person answer a mail, which is put into the mailbox once somebody watches it."""

        async def watched() -> bool:
            return "IDLE" in self.box.commands

        await hub.until(watched, bool)
        self.box.mails[number] = (
            f"Delivered-To: {HUB}\r\nFrom: Pat Doe <{PERSON}>\r\nTo: {HUB}\r\n"
            f"Subject: Re: Your order\r\nMessage-ID: <answer-{number}@people.example>\r\n"
            f"In-Reply-To: {to}\r\nReferences: {to}\r\n"
            f"Date: Mon, 30 Nov 2026 12:00:00 +0000\r\n\r\nThanks again {number}\r\n"
        ).encode()


@dataclass
class Chat:
    """Both makes of WhatsApp: Twilio's API, and an instance of GREEN-API that is asked."""

    twilio: Twilio
    green: Double
    url: str

    def toml(self, *slot: str, tables: tuple[str, ...] = ()) -> str:
        """Return settings; `tables` are of connections that stay beside those of the slot."""
        line = f'whatsapp = "{slot[0]}"' if len(slot) == 1 else f"whatsapp = {list(slot)}"
        by_twilio = self.twilio.toml.partition("[providers.twilio]")[2]
        by_phone = f"""
id_instance = "{GREEN["id_instance"]}"
api_token = "{GREEN["api_token"]}"
phone_number = "{NUMBER}"
base_url = "{self.url}"
"""
        each = {"twilio": by_twilio, "greenapi": by_phone}
        return f"[slots]\n{line}\n" + "".join(
            f"[providers.{name}]\n{each[name]}" for name in {*slot, *tables}
        )

    async def written_by_twilio(
        self, hub: Served, person: str = READER, number: int = 9, to: str = NUMBER
    ) -> None:
        """Let a person write, told by Twilio."""
        fields = {**WRITTEN, "From": f"whatsapp:{person}", "To": f"whatsapp:{to}"}
        fields |= {"MessageSid": f"SM{str(number) * 32}", "WaId": person[1:]}
        url = f"{hub.base_url}/webhooks/connections/twilio/sms"
        assert (await self.twilio.tell(hub, url, fields)).status_code == 200

    def written_by_phone(self, number: int) -> None:
        """Let a person write to the linked phone."""
        body = came_by_greenapi(text_data(f"text {number}"), idMessage=f"F7AEC1B7{number}")
        self.green.notifications.append({"receiptId": number, "body": body})
