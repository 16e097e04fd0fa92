"""Accounts below the connection's own: its Accounts resource (2010-04-01)."""

from typing import Final
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr

from trunkline.sdk import AccountOperations, Rejected, Subaccount
from trunkline_twilio.api import PAGE_SIZE, Answer, Api, Page, read

_ACCOUNTS: Final = "/2010-04-01/Accounts"
_CLOSED: Final = "closed"


class Subaccounts(Api, AccountOperations):
    """One open Twilio account, for those below it."""

    async def subaccounts_named(self, name: str) -> list[Subaccount]:
        query = urlencode({"FriendlyName": name, "PageSize": PAGE_SIZE})
        pages = await self._listed(f"{_ACCOUNTS}.json?{query}", _Accounts)
        return [
            each.subaccount(self._base_url)
            for page in pages
            for each in page.accounts
            if each.friendly_name == name
            and each.status != _CLOSED
            and each.sid != self._config.account_sid
        ]

    async def create_subaccount(self, name: str) -> Subaccount:
        response = await self._post(f"{_ACCOUNTS}.json", {"FriendlyName": name})
        return read(_Account, self._succeeded(response)).subaccount(self._base_url)

    async def close_subaccount(self, provider_id: str) -> None:
        if provider_id == self._config.account_sid:
            raise Rejected("It is the connection's own account: close one below it.")
        uri = f"{_ACCOUNTS}/{quote(provider_id, safe='')}.json"
        self._if_any(await self._post(uri, {"Status": _CLOSED}))


class _Account(Answer):
    """What is read of an account below this one."""

    sid: str = Field(pattern="^AC[0-9a-fA-F]{32}$")
    friendly_name: str | None = None
    status: str = Field(pattern="^[a-z]{1,32}$")
    auth_token: SecretStr = Field(min_length=1)

    def subaccount(self, base_url: str) -> Subaccount:
        """Return it in the hub's words."""
        return Subaccount(
            provider_id=self.sid,
            name=self.friendly_name or "",
            active=self.status == "active",
            credentials={
                "account_sid": self.sid,
                "auth_token": self.auth_token.get_secret_value(),
                "base_url": base_url,
            },
        )


class _Accounts(Page):
    accounts: list[_Account]
