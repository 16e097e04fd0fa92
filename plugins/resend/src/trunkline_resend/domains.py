"""The domains that a Resend team sends and receives mail with."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import quote

import httpx2
from pydantic import BeforeValidator, Field

from trunkline.sdk import (
    DnsRecord,
    DomainOperations,
    MailDomain,
    NotSetUp,
    OutcomeUnknown,
    Readiness,
    Rejected,
    Standing,
)
from trunkline_resend.api import MOST, Api, is_missing, read
from trunkline_resend.errors import refusal
from trunkline_resend.wire import Read

MOST_PAGES: Final = 10
_VERIFIED: Final = "verified"
_REFUSED: Final = (
    "Resend does not take this domain: another team may have it, or the plan has no more "
    "domains. See resend.com/domains."
)
_NO_DOMAIN: Final = "Resend takes no such domain: write it as acme.example or mail.acme.example."
PURPOSES: Final[Mapping[str, str]] = {
    "SPF": "spf",
    "DKIM": "dkim",
    "Receiving": "inbound",
    "Tracking": "tracking",
    "TrackingCAA": "tracking",
}
"""What each kind of record is for (Resend's OpenAPI file 1.5.0, August 2026)."""
_SENDING: Final = ("SPF", "DKIM")
_FAILED: Final = "failed"


class Domains(Api, DomainOperations):
    """One open Resend team, for its domains."""

    async def find_domain(self, domain: str) -> MailDomain | None:
        after = ""
        for _ in range(MOST_PAGES):
            page = read(_Listed, await self._get(f"/domains?limit={MOST}{after}"))
            for each in page.data:
                if each.name.lower() == domain.lower():
                    return await self._domain(each.id)
            if not page.has_more or not page.data:
                return None
            after = f"&after={quote(page.data[-1].id, safe='')}"
        # A part of the list must not pass for the whole.
        raise OutcomeUnknown("Resend lists more domains than can be read.")

    async def add_domain(self, domain: str) -> MailDomain:
        abilities = {"sending": "enabled", "receiving": "enabled"}
        response = await self._ask("POST", "/domains", {"name": domain, "capabilities": abilities})
        return read(_Domain, _taken(response)).domain()

    async def check_domain(self, provider_id: str) -> MailDomain:
        known = await self._domain(provider_id)
        if known.standing.vendor_status == _VERIFIED:
            return known  # Resend would call it pending while it looks again
        path = f"/domains/{quote(provider_id, safe='')}"
        read(_Named, await self._ask("POST", f"{path}/verify"))
        return await self._domain(provider_id)

    async def remove_domain(self, provider_id: str) -> None:
        response = await self._ask("DELETE", f"/domains/{quote(provider_id, safe='')}")
        if not response.is_success and not is_missing(response):
            raise refusal(response)

    async def _domain(self, provider_id: str) -> MailDomain:
        path = f"/domains/{quote(provider_id, safe='')}"
        return read(_Domain, await self._get(path)).domain()


def _taken(response: httpx2.Response) -> httpx2.Response:
    """Return the answer to a new domain; raise what it means that Resend does not take it."""
    if response.is_success:
        return response
    error = refusal(response)
    if response.status_code == 409 or isinstance(error, NotSetUp):
        raise Rejected(_REFUSED, provider_code=error.provider_code)
    if isinstance(error, Rejected):
        raise Rejected(_NO_DOMAIN, provider_code=error.provider_code)
    raise error


# --- what comes back ------------------------------------------------------------------------------


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


class _Named(Read):
    id: str = Field(min_length=1, max_length=128)


class _ListedDomain(_Named):
    name: str = Field(pattern="^[A-Za-z0-9.-]{1,253}$")


class _Listed(Read):
    data: tuple[_ListedDomain, ...]
    has_more: bool = False


class _Record(Read):
    record: str
    name: str
    type: str = Field(pattern="^[A-Z]{1,8}$")
    value: Annotated[str, BeforeValidator(_text)]
    priority: int | None = None
    status: str | None = Field(None, pattern="^[a-z_]{1,32}$")

    def shown(self, domain: str) -> DnsRecord:
        """Return it in the hub's words: under its whole name, which Resend leaves short."""
        name = self.name.rstrip(".").lower()
        is_whole = name == domain or name.endswith(f".{domain}")
        whole = name if is_whole else domain if name in ("", "@") else f"{name}.{domain}"
        purpose = PURPOSES.get(self.record, self.record.lower())
        return DnsRecord(
            type=self.type,
            name=whole,
            value=self.value,
            purpose="return_path" if purpose == "spf" and self.type == "MX" else purpose,
            priority=self.priority,
            found=None if self.status is None else self.status == _VERIFIED,
        )


class _Domain(_ListedDomain):
    """What is read of a domain."""

    status: str = Field(pattern="^[a-z_]{1,32}$")
    records: tuple[_Record, ...] = ()

    def domain(self) -> MailDomain:
        """Return it in the hub's words."""
        name = self.name.lower()
        return MailDomain(
            provider_id=self.id,
            domain=name,
            standing=self.standing(),
            records=tuple(each.shown(name) for each in self.records),
        )

    def standing(self) -> Standing:
        """Return whether mail may go out from it: what comes in is told, and holds nothing up."""
        sending = [each for each in self.records if each.record in _SENDING]
        is_sending = bool(sending) and all(each.status == _VERIFIED for each in sending)
        if self.status == _VERIFIED or is_sending:
            receives = all(
                each.status == _VERIFIED for each in self.records if each.record == "Receiving"
            )
            deaf = "Mail goes out; for mail to come in, set the MX record for it too."
            return Standing(
                readiness=Readiness.READY,
                vendor_status=self.status,
                sentence=None if receives else deaf,
            )
        has_failed = self.status == _FAILED or any(each.status == _FAILED for each in sending)
        sentence = "Set its DNS records as shown and wait: name servers may take up to three days."
        if has_failed:
            sentence = "Its DNS records are wrong or missing: set them as shown, then check again."
        return Standing(
            readiness=Readiness.REJECTED if has_failed else Readiness.PENDING,
            vendor_status=self.status,
            sentence=sentence,
        )
