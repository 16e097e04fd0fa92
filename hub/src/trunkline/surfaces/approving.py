"""What waits for a person, as admins' and approvers' operations and as commands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from trunkline.core.approvals.models import Approval, ApprovalStatus, Via
from trunkline.core.approvals.service import Shown
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.shapes import Arguments, Line, Result, Time, money

_READS = Annotations(read_only=True, idempotent=True)
_SEES = Annotations(read_only=False, idempotent=True)
_DECIDES = Annotations(read_only=False, destructive=True, idempotent=True, open_world=True)


class DoubtShape(Result):
    """Why a person has to look."""

    rule: str
    why: str


class ApprovalShape(Result):
    """One act that waits, or waited, for a person."""

    id: str
    agent_id: str
    message_id: str
    batch_id: str | None
    status: str = Field(description="pending, approved, rejected, expired or canceled.")
    reasons: list[DoubtShape]
    digest: str = Field(description="Of what is decided about; give it back with the decision.")
    people: int = Field(description="How many have to agree.")
    agreed: int
    requested_at: Time
    expires_at: Time
    decided_at: Time | None
    decided_by: str | None
    decided_via: str | None


class ApprovalEventShape(Result):
    """What somebody did with it."""

    at: Time
    what: str
    by: str
    via: str | None
    note: str | None


class ShownShape(ApprovalShape):
    """An approval with what it is about; texts are null once they are gone."""

    channel: str
    from_: str = Field(serialization_alias="from")
    to: str
    cc: list[str]
    bcc: list[str]
    subject: str | None
    body: str | None
    html: str | None
    media_urls: list[str]
    template_id: str | None
    send_at: Time | None
    cost: float | None
    currency: str | None
    message_status: str
    events: list[ApprovalEventShape]


class ApprovalsShape(Result):
    """A page of them, the newest first."""

    approvals: list[ApprovalShape]


class ListApprovalsArguments(Arguments):
    """Which."""

    status: Line | None = None
    agent: Line | None = None
    before: Line | None = Field(default=None, description="The id of the last of the page before.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ShowApprovalArguments(Arguments):
    """Which one."""

    id: Line


class DecideArguments(Arguments):
    """A decision about one approval, or about all that waits of a batch."""

    id: Line = Field(description="Of the approval, or of a batch.")
    decision: Literal["approve", "reject"]
    digest: Line | None = Field(
        default=None, description="What was looked at: with another nothing is decided."
    )
    note: Annotated[str, StringConstraints(max_length=300)] | None = None


async def _list(hub: Hub, by: Principal, _: str, given: ListApprovalsArguments) -> ApprovalsShape:
    if given.status is not None and given.status not in {*ApprovalStatus}:
        raise Invalid("status", f"give one of {', '.join(ApprovalStatus)}.")
    found = await hub.approvals.newest(
        by,
        status=None if given.status is None else ApprovalStatus(given.status),
        agent_id=given.agent,
        before=given.before,
        limit=given.limit,
    )
    return _page(found)


async def _show(hub: Hub, by: Principal, _: str, given: ShowApprovalArguments) -> ShownShape:
    return shown_shape(await hub.approvals.show(by, given.id, via=_via(by)))


async def _decide(hub: Hub, by: Principal, _: str, given: DecideArguments) -> ApprovalsShape:
    if given.id.startswith("bat_"):
        if given.digest is not None:
            raise Invalid("digest", "leave it out for a batch.")
        return _page(
            await hub.approvals.decide_batch(
                by, given.id, approve=given.decision == "approve", via=_via(by), note=given.note
            )
        )
    decided = await hub.approvals.decide(
        by,
        given.id,
        approve=given.decision == "approve",
        via=_via(by),
        digest=given.digest,
        note=given.note,
    )
    return _page([decided])


def _via(by: Principal) -> Via:
    return Via.COMMAND if by.scope is Scope.LOCAL else Via.API


def _page(found: Sequence[Approval]) -> ApprovalsShape:
    return ApprovalsShape(approvals=[_shape(each) for each in found])


def _facts(approval: Approval) -> dict[str, object]:
    return {
        "id": approval.id,
        "agent_id": approval.agent_id,
        "message_id": approval.message_id,
        "batch_id": approval.batch_id,
        "status": approval.status.value,
        "reasons": [DoubtShape(rule=each.rule, why=each.why) for each in approval.doubts],
        "digest": approval.digest,
        "people": approval.people,
        "agreed": approval.agreed,
        "requested_at": approval.created_at,
        "expires_at": approval.expires_at,
        "decided_at": approval.decided_at,
        "decided_by": approval.decided_by,
        "decided_via": approval.decided_via.value if approval.decided_via else None,
    }


def _shape(approval: Approval) -> ApprovalShape:
    return ApprovalShape.model_validate(_facts(approval))


def shown_shape(shown: Shown) -> ShownShape:
    """Return an approval as somebody who decides is shown it."""
    message, content = shown.message, shown.content
    return ShownShape.model_validate(
        {
            **_facts(shown.approval),
            "channel": message.channel,
            "from_": message.from_address,
            "to": message.to_address,
            "cc": list(content.cc) if content else [],
            "bcc": list(content.bcc) if content else [],
            "subject": (content.subject or None) if content else None,
            "body": content.body if content else None,
            "html": content.html if content else None,
            "media_urls": list(content.media_urls) if content else [],
            "template_id": content.template if content else None,
            "send_at": message.due_at,
            "cost": money(message.cost_micros),
            "currency": message.currency,
            "message_status": message.status.value,
            "events": [
                ApprovalEventShape(
                    at=each.at,
                    what=each.what,
                    by=each.by,
                    via=each.via.value if each.via else None,
                    note=each.note,
                )
                for each in shown.events
            ],
        }
    )


APPROVING: tuple[AnyOperation, ...] = tuple(
    replace(each, scope=Scope.ADMIN)
    for each in (
        of_operator(
            "approvals_list",
            "List approvals",
            ListApprovalsArguments,
            _list,
            ApprovalsShape,
            _READS,
        ),
        of_operator(
            "approvals_show",
            "Look at an approval",
            ShowApprovalArguments,
            _show,
            ShownShape,
            _SEES,
        ),
        of_operator(
            "approvals_decide",
            "Decide about an approval",
            DecideArguments,
            _decide,
            ApprovalsShape,
            _DECIDES,
        ),
    )
)
