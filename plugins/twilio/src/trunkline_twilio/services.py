"""Twilio's Messaging Services: which number is in which, and the campaigns that each is for."""

from typing import Final

from pydantic import Field

from trunkline.sdk import NotSetUp, OutcomeUnknown
from trunkline_twilio.api import Answer, Api, NewerPage, read
from trunkline_twilio.number_failures import NUMBER_FAILURES

_SERVICES: Final = "/v1/Services"
_MOST: Final = 200
"""So many Messaging Services are looked through for a number."""
_ANSWERS_ITSELF: Final = (
    "The Messaging Service answers texts itself, so that none would reach the hub: under its "
    "Integration, in Twilio's console, choose to defer to the sender's webhook."
)


class Services(Api):
    """One open Twilio account, for its Messaging Services."""

    async def _check_service(self) -> None:
        """
        See that the connection's service, if it has one, leaves what comes in to its numbers.

        Raises:
            NotSetUp: It does not.
        """
        service = self._config.messaging_service_sid
        if service is None:
            return
        response = await self._get(f"{_SERVICES}/{service}", self._config.host("messaging"))
        if not read(_Service, self._succeeded(response, NUMBER_FAILURES)).leaves_it_to_numbers:
            raise NotSetUp(_ANSWERS_ITSELF)

    async def _join_service(self, number_sid: str) -> None:
        """Put a number into the connection's service, if it has one and that has it not."""
        service = self._config.messaging_service_sid
        if service is None or await self._has(service, number_sid):
            return
        uri, form = f"{_SERVICES}/{service}/PhoneNumbers", {"PhoneNumberSid": number_sid}
        response = await self._post(uri, {**form}, self._config.host("messaging"))
        self._succeeded(response, NUMBER_FAILURES)

    async def _service_of(self, number_sid: str) -> str | None:
        """Return the service that a number is in: it is in one at most."""
        services = await self._services()
        if len(services) > _MOST:
            raise OutcomeUnknown("The account has more Messaging Services than can be looked at.")
        for service in services:
            if await self._has(service, number_sid):
                return service
        return None

    async def _services(self) -> list[str]:
        """Return the account's services, first those that a number is most likely in."""
        pages = await self._listed_at("messaging", _SERVICES, _Services)
        found = [each for page in pages for each in page.services]
        own = self._config.messaging_service_sid
        found.sort(key=lambda each: (each.sid != own, not each.is_registered))
        return [each.sid for each in found]

    async def _has(self, service: str, number_sid: str) -> bool:
        uri = f"{_SERVICES}/{service}/PhoneNumbers/{number_sid}"
        return self._if_any(await self._get(uri, self._config.host("messaging"))) is not None


class _Service(Answer):
    """What is read of a Messaging Service."""

    sid: str = Field(pattern="^MG[0-9a-fA-F]{32}$")
    leaves_it_to_numbers: bool = Field(False, alias="use_inbound_webhook_on_number")
    is_registered: bool = Field(False, alias="us_app_to_person_registered")


class _Services(NewerPage):
    services: list[_Service]
