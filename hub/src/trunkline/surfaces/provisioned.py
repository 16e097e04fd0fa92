"""The operations that give agents their channels, for admins and for the operator."""

from typing import Final, Literal

from trunkline.core.agents.models import Agent
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid, Unsupported
from trunkline.core.provisioning.models import (
    ADDRESS_OF,
    NumberWish,
    Part,
    Provisioned,
    Quoted,
    Row,
    Step,
    Wish,
)
from trunkline.core.provisioning.pool_rows import is_pooled
from trunkline.sdk import EMAIL, STT, TELEPHONY, TTS, Readiness
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation, of_operator
from trunkline.surfaces.provisioning_shapes import (
    Copies,
    DeprovisionArguments,
    DeprovisionResult,
    GivenChannels,
    LeftShape,
    MailShape,
    NumberShape,
    OfferShape,
    ProvisionArguments,
    ProvisionResult,
    RecordShape,
    SearchNumbersArguments,
    SearchNumbersResult,
    VoiceShape,
)
from trunkline.surfaces.shapes import money

_PROVISIONS = Annotations(read_only=False, idempotent=True, open_world=True)
_COPIED: Final = {
    "sms_mirror_to": "routeDuplication.sms.mirrorTo",
    "email_bcc_to": "routeDuplication.email.bccTo",
}
"""What `agents set` calls where messages go as well, and what it is called here."""
_TAKES_BACK = Annotations(read_only=False, destructive=True, idempotent=True, open_world=True)
_LOOKS = Annotations(read_only=True, idempotent=True, open_world=True)


async def _provision(hub: Hub, by: Principal, _: str, given: ProvisionArguments) -> ProvisionResult:
    copies = _copies(given.route_duplication)
    asked = given.capabilities
    parts = {
        Part.PHONE: asked.phone,
        Part.WHATSAPP: asked.whatsapp,
        Part.EMAIL: asked.email,
        Part.VOICE_AI: asked.voice_ai,
    }
    overrides = given.provider_overrides
    names = {
        TELEPHONY.name: overrides and overrides.telephony,
        EMAIL.name: overrides and overrides.email,
        TTS.name: overrides and overrides.tts,
        STT.name: overrides and overrides.stt,
    }
    values = {"display_name": given.display_name, "greeting": given.greeting}
    wish = Wish(
        agent_id=given.agent_id,
        country=given.country,
        parts=frozenset(part for part, wanted in parts.items() if wanted),
        values={key: value for key, value in values.items() if value is not None} | copies,
        overrides={kind: name for kind, name in names.items() if name},
        system_prompt=given.system_prompt,
    )
    try:
        provisioned = await hub.provisioning.provision(by, wish)
        if copies:  # of an agent that was there already, too
            await hub.agents.change(by, given.agent_id, copies)
    except Invalid as fault:
        field = str(fault.facts["field"])
        raise Invalid(_COPIED.get(field, field), fault.detail.removeprefix(f"{field}: ")) from None
    return _provisioned(provisioned)


def _copies(given: Copies | None) -> dict[str, str]:
    """Return where an agent's messages go as well, as `agents set` takes it."""
    if given is None:
        return {}
    if given.live_call is not None and (
        given.live_call.also_record or given.live_call.recording_storage
    ):
        raise Unsupported(
            "routeDuplication.liveCall",
            "no agent makes live calls yet: that comes with comms_make_call. Leave it out.",
        )
    found = {
        "sms_mirror_to": given.sms and given.sms.mirror_to,
        "email_bcc_to": given.email and given.email.bcc_to,
    }
    return {key: value for key, value in found.items() if value}


async def _deprovision(
    hub: Hub, by: Principal, _: str, given: DeprovisionArguments
) -> DeprovisionResult:
    done = await hub.provisioning.deprovision(by, given.agent_id, release=given.release_number)
    return DeprovisionResult(
        agent_id=done.agent_id,
        status="deprovisioned",
        left=[
            LeftShape(
                channel=row.part.value,
                address=row.address,
                status=_left(row),
                reason=row.reason,
            )
            for row in done.left
        ],
        pool_slots_remaining=done.slots_left,
    )


def _left(row: Row) -> Literal["kept", "pooled", "in_progress"]:
    if is_pooled(row.agent_id):
        return "pooled"
    return "kept" if row.step is Step.KEPT else "in_progress"


async def _search(
    hub: Hub, by: Principal, _: str, given: SearchNumbersArguments
) -> SearchNumbersResult:
    quoted = await hub.provisioning.offers(
        NumberWish(
            country=given.country,
            number_type=given.number_type,
            area_code=given.area_code,
            contains=given.contains,
            voice=given.voice,
            limit=given.limit,
        )
    )
    return SearchNumbersResult(numbers=[_offer(each) for each in quoted])


def _offer(quoted: Quoted) -> OfferShape:
    offer = quoted.offer
    able = {"sms": offer.sms, "mms": offer.mms, "voice": offer.voice}
    return OfferShape(
        number=offer.number,
        country=offer.country,
        number_type=offer.number_type.value,
        capabilities=[name for name, can in able.items() if can],
        monthly_price=money(offer.monthly_micros),
        currency=offer.currency,
        address_requirement=offer.address_requirement,
        refused=quoted.why_not,
    )


def _provisioned(done: Provisioned) -> ProvisionResult:
    agent, rows = done.agent, done.rows
    phone = _number(agent, Part.PHONE, rows.get(Part.PHONE))
    return ProvisionResult(
        agent_id=agent.id,
        channels=GivenChannels(
            phone=phone,
            sms=phone,
            whatsapp=_number(agent, Part.WHATSAPP, rows.get(Part.WHATSAPP)),
            email=_mail(agent, rows.get(Part.EMAIL)),
            voice_ai=_voice(rows.get(Part.VOICE_AI)),
        ),
        security_token=done.token,
        pool_slots_remaining=done.slots_left,
        provisioned_at=agent.provisioned_at,
    )


def _number(agent: Agent, part: Part, row: Row | None) -> NumberShape | None:
    number = agent.address(ADDRESS_OF[part])
    if row is None:
        return None if number is None else NumberShape(number=number, status=status_of(row))
    return NumberShape(number=number, status=status_of(row), reason=row.reason)


def _mail(agent: Agent, row: Row | None) -> MailShape | None:
    address = agent.address(ADDRESS_OF[Part.EMAIL])
    if row is None:
        return None if address is None else MailShape(address=address, status=status_of(row))
    return MailShape(
        address=address or row.address,
        status=status_of(row),
        reason=row.reason,
        records=records_of(row),
    )


def _voice(row: Row | None) -> VoiceShape | None:
    if row is None:
        return None
    return VoiceShape(app_sid=row.id, status=status_of(row), reason=row.reason)


def status_of(row: Row | None) -> str:
    """Return how a part stands in the words of the wire; none is what was given by hand."""
    if row is None:
        return "active"
    if row.step is Step.FAILED:
        return "failed"
    if row.step is not Step.ASSIGNED:
        return "in_progress"
    words = {Readiness.PENDING: "pending_review", Readiness.READY: "active", None: "active"}
    return words.get(row.readiness) or (row.readiness or Readiness.READY).value


def records_of(row: Row | None) -> list[RecordShape] | None:
    """Return the records of a domain, while one may be missing."""
    if row is None or not row.records or row.readiness is Readiness.READY:
        return None
    return [
        RecordShape(
            type=each.type,
            name=each.name,
            value=each.value,
            priority=each.priority,
            purpose=each.purpose,
            found=each.found,
        )
        for each in row.records
    ]


PROVISION = Operation(
    name="comms_provision_channels",
    title="Give an agent its channels",
    description="Give an agent a number, a WhatsApp sender, a mail address and a voice, as asked "
    "for; it is created if it is new. Asked again it finishes what is missing and buys nothing "
    "twice. A number costs money every month: comms_search_numbers tells how much.",
    scope=Scope.ADMIN,
    annotations=_PROVISIONS,
    arguments=ProvisionArguments,
    result=ProvisionResult,
    run=_provision,
)
DEPROVISION = Operation(
    name="comms_deprovision_channels",
    title="Take an agent's channels back",
    description="End an agent: it may do nothing from then on, what it has queued is canceled, its "
    "tokens are revoked and its slot is free. Its messages stay.",
    scope=Scope.ADMIN,
    annotations=_TAKES_BACK,
    arguments=DeprovisionArguments,
    result=DeprovisionResult,
    run=_deprovision,
)
SEARCH_NUMBERS = Operation(
    name="comms_search_numbers",
    title="Look for numbers on sale",
    description="List numbers that can be bought now, cheapest first: the price per month, what "
    "each can do, and whether it wants a proven address. Nothing is bought.",
    scope=Scope.ADMIN,
    annotations=_LOOKS,
    arguments=SearchNumbersArguments,
    result=SearchNumbersResult,
    run=_search,
)

PROVISIONING: tuple[AnyOperation, ...] = (PROVISION, DEPROVISION, SEARCH_NUMBERS)
OF_OPERATOR: tuple[AnyOperation, ...] = (
    of_operator(
        "agents_provision",
        PROVISION.title,
        ProvisionArguments,
        _provision,
        ProvisionResult,
        _PROVISIONS,
    ),
    of_operator(
        "agents_deprovision",
        DEPROVISION.title,
        DeprovisionArguments,
        _deprovision,
        DeprovisionResult,
        _TAKES_BACK,
    ),
    of_operator(
        "agents_numbers",
        SEARCH_NUMBERS.title,
        SearchNumbersArguments,
        _search,
        SearchNumbersResult,
        _LOOKS,
    ),
)
