"""The operations on templates: an operator writes them, agents look for one to send."""

from collections.abc import Iterator, Sequence

from trunkline.core.channels import CHANNELS
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.templates.models import ProviderTemplate, Template, TemplateText
from trunkline.core.templates.service import Listed
from trunkline.sdk import TemplateState
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation, of_operator
from trunkline.surfaces.operator_shapes import NoArguments
from trunkline.surfaces.template_shapes import (
    MappedShape,
    MappedValueShape,
    RemovedTemplateShape,
    SendableArguments,
    SendableShape,
    SendableTemplatesResult,
    SetTemplateArguments,
    TemplateArguments,
    TemplateShape,
    TemplatesShape,
    TextShape,
    TheirTemplateShape,
    UnlistedShape,
)

_WHATSAPP = "whatsapp"
_MISSING = "missing"
"""The state of what a provider does not have."""


def _given(arguments: SetTemplateArguments) -> Template:
    return Template(
        id=arguments.id,
        variables=tuple(arguments.variables or ()),
        language=arguments.language or "",
        texts=tuple(
            TemplateText(
                language=each.language,
                channel=each.channel,
                subject=each.subject,
                body=each.body,
                html=each.html,
            )
            for each in arguments.texts
        ),
        provider_templates=tuple(
            ProviderTemplate(
                connection=each.connection,
                language=each.language,
                provider_id=each.provider_id,
                values=tuple((value.name, value.variable) for value in each.values),
            )
            for each in arguments.provider_templates
        ),
    )


def _state(each: ProviderTemplate, listed: Sequence[Listed]) -> str | None:
    """Return the state of a provider's template; None where the provider did not list them."""
    for listing in listed:
        if listing.connection == each.connection and listing.fault is None:
            theirs = listing.templates.get(each.provider_id)
            return _MISSING if theirs is None else theirs.state.value
    return None


def _shape(template: Template, listed: Sequence[Listed]) -> TemplateShape:
    return TemplateShape(
        id=template.id,
        variables=list(template.variables),
        language=template.language,
        texts=[
            TextShape(
                language=each.language,
                channel=each.channel,
                subject=each.subject,
                body=each.body,
                html=each.html,
            )
            for each in template.texts
        ],
        provider_templates=[
            MappedShape(
                connection=each.connection,
                language=each.language,
                provider_id=each.provider_id,
                values=[
                    MappedValueShape(name=theirs, variable=ours) for theirs, ours in each.values
                ],
                state=_state(each, listed),
            )
            for each in template.provider_templates
        ],
        updated_at=template.updated_at,
    )


async def _set(hub: Hub, by: Principal, _: str, given: SetTemplateArguments) -> TemplateShape:
    return _shape(await hub.templates.set(by, _given(given)), ())


async def _show(hub: Hub, by: Principal, _: str, given: TemplateArguments) -> TemplateShape:
    return _shape(await hub.templates.show(by, given.id), await hub.templates.listed())


async def _remove(
    hub: Hub, by: Principal, _: str, given: TemplateArguments
) -> RemovedTemplateShape:
    await hub.templates.remove(by, given.id)
    return RemovedTemplateShape(id=given.id)


async def _list(hub: Hub, by: Principal, _: str, given: NoArguments) -> TemplatesShape:
    templates = await hub.templates.list(by)
    listed = await hub.templates.listed()
    used = {
        (each.connection, each.provider_id): template.id
        for template in templates
        for each in template.provider_templates
    }
    return TemplatesShape(
        templates=[_shape(template, listed) for template in templates],
        at_providers=[
            TheirTemplateShape(
                connection=listing.connection,
                provider_id=each.provider_id,
                name=each.name,
                language=each.language,
                state=each.state.value,
                category=each.category,
                variables=list(each.variables),
                body=each.body,
                used_by=used.get((listing.connection, each.provider_id)),
            )
            for listing in listed
            for each in listing.templates.values()
        ],
        not_listed=[
            UnlistedShape(connection=listing.connection, reason=listing.fault)
            for listing in listed
            if listing.fault is not None
        ],
    )


async def _sendable(
    hub: Hub, principal: Principal, agent_id: str, arguments: SendableArguments
) -> SendableTemplatesResult:
    wanted = {name for name in CHANNELS if arguments.channel in (None, name)}
    listed = None
    if _WHATSAPP in wanted:
        listed = await hub.templates.listed_for(await hub.agents.show(principal, agent_id))
    ours = await hub.templates.list(principal)
    shapes = [_sendable_shape(each, listed) for each in ours]
    return SendableTemplatesResult(
        templates=[
            *(each for each in shapes if wanted.intersection(each.channels)),
            *_theirs(ours, listed),
        ]
    )


def _sendable_shape(template: Template, listed: Listed | None) -> SendableShape:
    here = [
        each
        for each in template.provider_templates
        if listed is not None and each.connection == listed.connection
    ]
    states = [_state(each, () if listed is None else (listed,)) for each in here]
    return SendableShape(
        template_id=template.id,
        channels=template.channels(CHANNELS),
        languages=template.languages,
        variables=list(template.variables),
        body=next((each.body for each in template.texts if each.body), template.texts[0].subject)
        or "",
        state=next(filter(None, states), None),
    )


def _theirs(ours: Sequence[Template], listed: Listed | None) -> Iterator[SendableShape]:
    """Return what a provider has approved and no template of the hub's stands for."""
    if listed is None:
        return
    used = {
        each.provider_id
        for template in ours
        for each in template.provider_templates
        if each.connection == listed.connection
    }
    for each in listed.templates.values():
        if each.state is TemplateState.APPROVED and each.provider_id not in used:
            yield SendableShape(
                template_id=each.provider_id,
                channels=[_WHATSAPP],
                languages=[each.language],
                variables=list(each.variables),
                body=each.body,
                state=each.state.value,
            )


LIST_TEMPLATES = Operation(
    name="comms_list_templates",
    title="List templates",
    description="List the texts that can be sent by their templateId.",
    scope=Scope.AGENT,
    annotations=Annotations(read_only=True, idempotent=True),
    arguments=SendableArguments,
    result=SendableTemplatesResult,
    run=_sendable,
)

TEMPLATES: tuple[AnyOperation, ...] = (
    of_operator(
        "templates_set",
        "Set a template",
        SetTemplateArguments,
        _set,
        TemplateShape,
        Annotations(read_only=False, idempotent=True),
    ),
    of_operator(
        "templates_list",
        "List templates",
        NoArguments,
        _list,
        TemplatesShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "templates_show",
        "Show a template",
        TemplateArguments,
        _show,
        TemplateShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "templates_remove",
        "Remove a template",
        TemplateArguments,
        _remove,
        RemovedTemplateShape,
        Annotations(read_only=False, destructive=True),
    ),
)
