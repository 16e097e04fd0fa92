"""The contracts of getting an agent its channels: numbers, senders, mail domains, accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trunkline.sdk.errors import Unsupported
from trunkline.sdk.phone import E164


class Readiness(StrEnum):
    """Whether something that an agent sends from may be used."""

    READY = "ready"
    """It may."""

    PENDING = "pending"
    """A vendor, a carrier or a name server has not yet said so: wait, and ask again."""

    REJECTED = "rejected"
    """It was refused; somebody has to change something."""

    MISSING = "missing"
    """It was never asked for, such as the registration of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How something that an agent sends from stands.

    Attributes:
        readiness: What it comes to.
        vendor_status: The provider's own word.
        sentence: For an operator, what to do about it, if it is not ready: whole sentences.
    """

    readiness: Readiness
    vendor_status: str | None = None
    sentence: str | None = None


# --- numbers --------------------------------------------------------------------------------------


class NumberType(StrEnum):
    """What a phone number is to its country."""

    LOCAL = "local"
    MOBILE = "mobile"
    NATIONAL = "national"
    TOLL_FREE = "toll_free"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberQuery:
    """
    What number is wanted.

    Attributes:
        country: ISO 3166, two capitals.
        sms, mms, voice: What it must be able to do.
        area_code, contains: Digits that it begins with nationally, or has anywhere.
        limit: How many offers at most.
    """

    country: str
    sms: bool = True
    mms: bool = False
    voice: bool = False
    number_type: NumberType | None = None
    area_code: str | None = None
    contains: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOffer:
    """
    A number that can be bought now.

    Attributes:
        monthly_micros, currency: Its price per month; None where the provider does not tell.
        address_requirement: What address the buyer must have proven: ``none``, ``any``, ``local``
            (in its country) or ``foreign``.
    """

    number: E164
    country: str
    number_type: NumberType
    sms: bool
    mms: bool
    voice: bool
    monthly_micros: int | None = None
    currency: str | None = None
    address_requirement: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSettings:
    """
    How a number is set at its provider.

    Attributes:
        label: The hub's own name for it, by which it is found again after a lost answer; at most
            64 characters, without anything personal.
        sms_url, voice_url: Where the provider calls for texts and calls that come in; None leaves
            that side without one.
        call_status_url: Where it reports on calls that come in.
    """

    label: str
    sms_url: str | None
    voice_url: str | None
    call_status_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedNumber:
    """
    A number of the account.

    Attributes:
        provider_id: The provider's id of it.
        settings: As the provider reads them back, not as they were asked for.
    """

    provider_id: str
    number: E164
    settings: NumberSettings
    sms: bool = True
    mms: bool = False
    voice: bool = False


class RegistrationKind(StrEnum):
    """What is registered with carriers before a number may text applications' messages."""

    BRAND = "brand"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """
    A registration of a business or of what it sends.

    Attributes:
        provider_id: The provider's id of it.
        name: The hub's own name, where the provider keeps one.
        facts: Those of the facts asked with that the provider reads back. After a lost answer a
            registration whose facts are all among those asked is the one, if it bears no name.
        belongs_to: Of a campaign, the id of its brand.
    """

    provider_id: str
    kind: RegistrationKind
    standing: Standing
    name: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    belongs_to: str | None = None


class NumberOperations:
    """
    What a telephony adapter may do about numbers; `TelephonyProvider` has it.

    Errors are those of every operation (`Provider`); `Rejected` where the provider refuses for
    good. What costs money is asked once: after `OutcomeUnknown` the hub looks with `find_number`
    and `numbers_labelled`, and buys again only if both say no.
    """

    async def search_numbers(self, query: NumberQuery) -> list[NumberOffer]:
        """Return numbers that can be bought now, none if there are none; it costs nothing."""
        raise Unsupported("searching numbers")

    async def buy_number(self, number: E164, settings: NumberSettings) -> OwnedNumber:
        """
        Buy one number and set it in the same request. THIS COSTS MONEY.

        Raises:
            Rejected: It is taken meanwhile, or wants an address that is not proven.
        """
        raise Unsupported("buying numbers")

    async def find_number(self, number: E164) -> OwnedNumber | None:
        """Return a number of the account, or None if it surely has it not."""
        raise Unsupported("looking up a number")

    async def numbers_labelled(self, label: str) -> list[OwnedNumber]:
        """Return the account's numbers with a label; the whole list, or `OutcomeUnknown`."""
        raise Unsupported("listing numbers by label")

    async def set_number(self, provider_id: str, settings: NumberSettings) -> OwnedNumber:
        """
        Set a number, and what else it needs, and return it as the provider reads it back.

        A number that was just bought is set once more: its adapter may have more to do than a
        purchase does, such as putting it into a pool.
        """
        raise Unsupported("setting a number")

    async def release_number(self, provider_id: str) -> None:
        """Give a number back, for good; one that is gone is fine."""
        raise Unsupported("releasing numbers")

    async def number_standing(self, number: E164) -> Standing:
        """Tell whether carriers take texts of applications from a number of the account."""
        raise Unsupported("telling whether a number is registered")

    async def register(
        self, kind: RegistrationKind, name: str, facts: Mapping[str, str]
    ) -> Registration:
        """
        Ask for a registration; `facts` are the provider's own fields, as its adapter documents.

        Raises:
            Rejected: A fact is missing or wrong; the sentence names it, not its value.
        """
        raise Unsupported("registering with carriers")

    async def registrations(self) -> list[Registration]:
        """Return the account's registrations and how they stand."""
        raise Unsupported("listing registrations")


# --- WhatsApp senders -----------------------------------------------------------------------------


class Quality(StrEnum):
    """What recipients think of a sender, as the network tells."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSettings:
    """
    How a WhatsApp sender is set at its provider.

    Attributes:
        display_name: What people see; the network reviews it.
        inbound_url: Where the provider calls for what comes in; read back, None also where the
            adapter listens instead (`MessageProvider.listen`).
        status_url: Where it reports; read back, None also where it reports to `inbound_url`, or to
            an address of each message.
    """

    display_name: str
    inbound_url: str | None
    status_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppSender:
    """
    A number of the account that sends by WhatsApp.

    Attributes:
        settings: As the provider reads them back.
    """

    provider_id: str
    number: E164
    standing: Standing
    settings: SenderSettings
    quality: Quality = Quality.UNKNOWN


class SenderOperations:
    """What a WhatsApp adapter may do about senders; `WhatsAppProvider` has it. Errors: as above."""

    async def senders(self) -> list[WhatsAppSender]:
        """Return all senders of the account."""
        raise Unsupported("listing WhatsApp senders")

    async def find_sender(self, number: E164) -> WhatsAppSender | None:
        """Return a sender by its number, or None if the account surely has none such."""
        raise Unsupported("looking up a WhatsApp sender")

    async def register_sender(self, number: E164, settings: SenderSettings) -> WhatsAppSender:
        """Ask for a number to become a sender; it may be under review for days."""
        raise Unsupported("registering WhatsApp senders")

    async def set_sender(self, provider_id: str, settings: SenderSettings) -> WhatsAppSender:
        """Set a sender, whatever it is set to, and return it as the provider reads it back."""
        raise Unsupported("setting a WhatsApp sender")

    async def remove_sender(self, provider_id: str) -> None:
        """Remove a sender; one that is gone is fine."""
        raise Unsupported("removing WhatsApp senders")


# --- mail domains ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """
    A record that the owner of a domain has to add.

    Attributes:
        type: ``TXT``, ``MX``, ``CNAME``.
        name: The whole name that it stands at, without a dot at the end.
        purpose: What it is for: ``dkim``, ``spf``, ``return_path``, ``inbound``, ``dmarc``.
        found: Whether the provider has seen it; None where it does not tell.
    """

    type: str
    name: str
    value: str
    purpose: str
    priority: int | None = None
    found: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomain:
    """A domain that the account sends mail from."""

    provider_id: str
    domain: str
    standing: Standing
    records: tuple[DnsRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailWebhook:
    """
    Where a mail provider tells of what comes in and of what became of mails.

    What its calls are signed with the adapter keeps itself (`ProviderContext.secrets`).
    """

    provider_id: str
    url: str
    events: tuple[str, ...] = field(default=())


class DomainOperations:
    """What an e-mail adapter may do about domains; `EmailProvider` has it. Errors: as above."""

    async def find_domain(self, domain: str) -> MailDomain | None:
        """Return a domain of the account, or None if it surely has none such."""
        raise Unsupported("looking up a mail domain")

    async def add_domain(self, domain: str) -> MailDomain:
        """Add a domain and return the records that its owner has to set."""
        raise Unsupported("adding mail domains")

    async def check_domain(self, provider_id: str) -> MailDomain:
        """Let the provider look for the records anew, and return what it knows by now."""
        raise Unsupported("checking mail domains")

    async def remove_domain(self, provider_id: str) -> None:
        """Remove a domain; one that is gone is fine."""
        raise Unsupported("removing mail domains")

    async def set_webhook(self, url: str) -> MailWebhook:
        """See to it that the provider calls `url` for everything the adapter reads, just once."""
        raise Unsupported("setting the webhook")


# --- accounts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Subaccount:
    """
    An account below the connection's own.

    Attributes:
        name: The hub's own name for it, by which it is found again.
        credentials: What a connection of it is configured with: fields of the spec's config.
    """

    provider_id: str
    name: str
    active: bool
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


class AccountOperations:
    """What an adapter may do about accounts below its own; `Provider` has it. Errors: as above."""

    async def subaccounts_named(self, name: str) -> list[Subaccount]:
        """Return the accounts with a name, closed ones left out."""
        raise Unsupported("listing accounts below this one")

    async def create_subaccount(self, name: str) -> Subaccount:
        """Create an account below this one; after a lost answer it is found by its name."""
        raise Unsupported("creating accounts below this one")

    async def close_subaccount(self, provider_id: str) -> None:
        """Close an account for good, with all its numbers; one that is closed is fine."""
        raise Unsupported("closing accounts below this one")
