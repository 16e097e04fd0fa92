"""Mail domains of the simulated network: which records they want, and which are there."""

from typing import Final

from trunkline.sdk import DnsRecord, DomainOperations, MailDomain, Readiness, Rejected, Standing
from trunkline_demo.account import HeldDomain
from trunkline_demo.line import Line
from trunkline_demo.mailbox import AGENTS_DOMAIN
from trunkline_demo.network import Network

PURPOSES: Final = ("dkim", "spf", "return_path")
"""What a domain needs records for before it may send."""
OWN_ID: Final = "demo-agents-example"


class DemoDomains(DomainOperations):
    """The operations on mail domains; the provider of mails has them."""

    _network: Network
    _line: Line

    async def find_domain(self, domain: str) -> MailDomain | None:
        await self._network.ask(self._line)
        if domain == AGENTS_DOMAIN:
            return shown(HeldDomain(id=OWN_ID, domain=domain, found=list(PURPOSES)))
        held = self._network.account.books.domains.get(domain)
        return None if held is None else shown(held)

    async def add_domain(self, domain: str) -> MailDomain:
        await self._network.ask(self._line)
        books = self._network.account.books
        if domain == AGENTS_DOMAIN or domain in books.domains:
            raise Rejected("The account has this domain already.", provider_code="domain_exists")
        held = books.domains[domain] = HeldDomain(id=self._line.new_id(), domain=domain)
        self._network.account.keep()
        return shown(held)

    async def check_domain(self, provider_id: str) -> MailDomain:
        await self._network.ask(self._line)
        if provider_id == OWN_ID:
            return shown(HeldDomain(id=OWN_ID, domain=AGENTS_DOMAIN, found=list(PURPOSES)))
        held = self._network.account.books.domains.values()
        for each in held:
            if each.id == provider_id:
                return shown(each)
        raise Rejected("The account has no such domain.")

    async def remove_domain(self, provider_id: str) -> None:
        await self._network.ask(self._line)
        domains = self._network.account.books.domains
        for each in list(domains.values()):
            if each.id == provider_id:
                del domains[each.domain]
                self._network.account.keep()


def shown(held: HeldDomain) -> MailDomain:
    """Return a domain with the records that it wants, as its vendor would tell."""
    domain = held.domain
    values = {
        "dkim": ("TXT", f"demo._domainkey.{domain}", "p=c2ltdWxhdGVk"),
        "spf": ("TXT", f"send.{domain}", "v=spf1 include:mail.demo.example ~all"),
        "return_path": ("MX", f"send.{domain}", "feedback.mail.demo.example"),
    }
    missing = [purpose for purpose in PURPOSES if purpose not in held.found]
    return MailDomain(
        provider_id=held.id,
        domain=domain,
        standing=Standing(
            readiness=Readiness.PENDING if missing else Readiness.READY,
            vendor_status="pending" if missing else "verified",
            sentence=f"Records are missing: {', '.join(missing)}." if missing else None,
        ),
        records=tuple(
            DnsRecord(
                type=values[purpose][0],
                name=values[purpose][1],
                value=values[purpose][2],
                purpose=purpose,
                priority=10 if purpose == "return_path" else None,
                found=purpose in held.found,
            )
            for purpose in PURPOSES
        ),
    )
