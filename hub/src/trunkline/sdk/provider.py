"""What adapters are: one base class for all, and one for those that send messages."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Generic, TypeVar

from trunkline.sdk.errors import Unsupported
from trunkline.sdk.messages import Account, Heard, Media, Outbound, Receipt, Report
from trunkline.sdk.provisioning import AccountOperations
from trunkline.sdk.webhooks import Received

M = TypeVar("M", bound=Outbound)


class Provider(AccountOperations):
    """
    Base class of every adapter: override what your provider can do and declare it.

    Every operation has a body that raises `Unsupported`, so that a minor release of the hub can add
    an operation without breaking an adapter published before it. An operation makes one request,
    unless it says otherwise, and never retries by itself: the hub owns retries.

    Every operation may raise:
        RetryLater: Surely nothing happened: rate limit, refused connection, maintenance.
        AuthFailed, OutOfCredit, NotSetUp: Surely nothing happened; an operator must act.
        OutcomeUnknown: Written, but no usable answer.
    """

    async def verify(self) -> Account:
        """
        Ask the cheapest question that shows whether the credentials hold, and sends nothing.

        It is asked by `trunkline doctor` and `trunkline providers verify`. Optional.
        """
        raise Unsupported("verifying the account")


class MessageProvider(Provider, Generic[M]):
    """
    Base class of adapters that send messages.

    `find` may read several pages, and `listen` goes on until it is closed.
    """

    async def send(self, message: M) -> Receipt:
        """
        Hand one message to the provider.

        Raises:
            Rejected, OptedOut: Surely not taken and never will be: bad number, blocked recipient.
            OutcomeUnknown: Written, but no usable answer: it may have been taken.
        """
        raise Unsupported("sending messages")

    async def fetch(self, provider_id: str) -> Report | None:
        """Return what the provider knows of one message, or None if it surely knows none such."""
        raise Unsupported("looking up a message by its id")

    async def find_by_key(self, key: str, since: datetime) -> Report | None:
        """
        Return the message that was sent with an idempotency key, or None if there surely is none.

        `since`, by the provider's clock, is before anything that was sent with it.
        """
        raise Unsupported("looking up a message by its key")

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        """
        Return every message from `sender` to `recipient` that the provider took since then.

        `since` is by the provider's clock. A part of the list must not pass for the whole: raise
        `OutcomeUnknown` where not everything can be read.
        """
        raise Unsupported("looking up messages by address")

    async def complete(self, event: Received) -> Received:
        """
        Return an event that says `incomplete` with all of it, such as the body of a mail.

        It may be asked again for the same event, and answers the same. It may make several
        requests, raises what `fetch` does, and `Rejected` where the provider surely has it no more.
        The event keeps its `external_id`.
        """
        return event

    def fetch_media(self, media: Media) -> AsyncIterator[bytes]:
        """
        Read what came with a message, with the account's own credentials, in pieces.

        For providers whose URLs want credentials; without it the hub fetches the URL itself. Never
        hand the credentials to a host that is not the provider's, nor follow a redirect with them.
        It raises what `fetch` does, `Rejected` where the provider surely has it no more, and
        `OutcomeUnknown` where less came than was announced.
        """
        raise Unsupported("fetching media")

    async def delete_media(self, media: Media) -> None:
        """Delete the provider's own copy of what `fetch_media` has read; absent is fine."""
        raise Unsupported("deleting media")

    async def delete_message(self, provider_id: str) -> None:
        """
        Delete what the provider holds of a message, sent or received; absent is fine.

        A person asked to be forgotten. It raises what `fetch` does, `RetryLater` while the provider
        still works on the message, and `Rejected` where it keeps what it has.
        """
        raise Unsupported("deleting messages")

    def listen(self, position: str | None) -> AsyncIterator[Heard]:
        """
        Tell of what comes in, for as long as the hub listens: an asynchronous generator.

        For providers without webhooks. The hub stores what it was told and acknowledges it by
        asking for the next; what it had not yet stored when it stopped is told again after
        `position`, the last that it stored. None is a first start: tell the position at once, and
        nothing that came in before. One hub listens to a connection at a time, and closes the
        generator when it stops.

        An adapter connects anew by itself, with growing pauses. It raises `AuthFailed` or
        `NotSetUp` where an operator must act, after which the hub listens again only much later.
        """
        raise Unsupported("listening")
