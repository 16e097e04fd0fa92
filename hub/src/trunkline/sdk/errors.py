"""
Every error an adapter raises or meets, named after what the caller should do next.

* TrunklineError
  + ProviderError       the provider, not the hub, said no
    - RetryLater        surely nothing happened; try again after `retry_after_s`
    - Rejected          surely nothing happened, and never will for this input
      * OptedOut        … because the recipient told the provider to stop
    - AuthFailed        surely nothing happened; an operator must repair the credentials
    - OutOfCredit       surely nothing happened; an operator must pay the provider
    - NotSetUp          surely nothing happened; an operator must act at the provider
    - OutcomeUnknown    it may have happened: never resend, find out instead
  + Unsupported         the adapter does not do this
  + NotConfigured       an operator must install or set something first
  + BadSignature        the webhook is not from the provider; it is answered 403
  + Overloaded          nothing was stored; try again after `retry_after_s`
  + DatabaseFailed      nothing was stored, or it cannot be told; an operator must look
  + Overtaken           nothing was stored: a row that had to match did not; look at it, then go on
"""

from typing import ClassVar


class TrunklineError(Exception):
    """
    Base of every error below.

    `code` is stable and dotted. `str()` is a sentence for an operator: it never holds a secret,
    a phone number, an address or a message body.
    """

    code: ClassVar[str] = "trunkline.error"


class ProviderError(TrunklineError):
    """A provider refused or failed. `provider_code` is the provider's own code, if it gave one."""

    code: ClassVar[str] = "provider.error"

    def __init__(self, sentence: str, *, provider_code: str | None = None) -> None:
        super().__init__(sentence)
        self.provider_code = provider_code


class RetryLater(ProviderError):
    """
    The provider did nothing and may take the same request after `retry_after_s` seconds.

    `unavailable` says that the provider as a whole is in trouble: it can't be reached, or says so
    itself. After several in a row the hub leaves it alone for a while. A rate limit is no trouble.
    """

    code: ClassVar[str] = "provider.retry_later"

    def __init__(
        self,
        sentence: str,
        *,
        retry_after_s: float = 1.0,
        provider_code: str | None = None,
        unavailable: bool = False,
    ) -> None:
        super().__init__(sentence, provider_code=provider_code)
        self.retry_after_s = retry_after_s
        self.unavailable = unavailable


class Rejected(ProviderError):
    """
    The provider did nothing and will never take this request as it stands.

    `recipient` is the one of several recipients that it refused, if it told.
    """

    code: ClassVar[str] = "provider.rejected"

    def __init__(
        self, sentence: str, *, provider_code: str | None = None, recipient: str | None = None
    ) -> None:
        super().__init__(sentence, provider_code=provider_code)
        self.recipient = recipient


class OptedOut(Rejected):
    """
    The provider did nothing: the recipient told it to stop messages from this sender.

    The hub notes that and sends nothing from that sender to that recipient until they write START.
    """

    code: ClassVar[str] = "provider.opted_out"


class AuthFailed(ProviderError):
    """The credentials are wrong, expired or lack a permission."""

    code: ClassVar[str] = "provider.auth_failed"


class OutOfCredit(ProviderError):
    """The account with the provider has no money left."""

    code: ClassVar[str] = "provider.out_of_credit"


class NotSetUp(ProviderError):
    """
    The provider did nothing: the account or the sender is not set up for this message.

    A country that is not permitted, a sender that is not the account's or not registered, a trial
    that reaches verified numbers only. The sentence says what to do in the provider's console.
    """

    code: ClassVar[str] = "provider.not_set_up"


class OutcomeUnknown(ProviderError):
    """The request was written and no usable answer came back: it may have been carried out."""

    code: ClassVar[str] = "provider.outcome_unknown"


class Unsupported(TrunklineError):
    """The adapter does not do what `operation` asks."""

    code: ClassVar[str] = "adapter.unsupported"

    def __init__(self, operation: str) -> None:
        super().__init__(f"This provider does not support {operation}.")


class NotConfigured(TrunklineError):
    """Something must be installed or set first; the sentence names what."""

    code: ClassVar[str] = "adapter.not_configured"


class BadSignature(TrunklineError):
    """A webhook failed its signature check."""

    code: ClassVar[str] = "webhook.bad_signature"


class Overloaded(TrunklineError):
    """The database's queue is full; nothing was stored. Try again after `retry_after_s` seconds."""

    code: ClassVar[str] = "database.overloaded"

    def __init__(self, sentence: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class DatabaseFailed(TrunklineError):
    """The database refused the work: locked, full, gone or broken. Nothing acknowledged is lost."""

    code: ClassVar[str] = "database.failed"


class Overtaken(TrunklineError):
    """A write that had to match a row matched none: somebody was quicker. Nothing was stored."""

    code: ClassVar[str] = "database.overtaken"
