"""All SQL of templates."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from trunkline.core.templates.models import ProviderTemplate, Template, TemplateText
from trunkline.db.hot import Hot
from trunkline.db.locks import hold
from trunkline.db.schema import templates
from trunkline.sdk import Tx

_COLUMNS = (
    templates.c.name,
    templates.c.language,
    templates.c.variables,
    templates.c.texts,
    templates.c.provider_templates,
    templates.c.updated_at,
)
_FIND = Hot(
    sa.select(*_COLUMNS).where(
        templates.c.workspace_id == sa.bindparam("workspace_id"),
        templates.c.name == sa.bindparam("name"),
    )
)


def find_template(tx: Tx, workspace_id: str, template_id: str) -> Template | None:
    """Return a template by its id."""
    rows = _FIND(tx, {"workspace_id": workspace_id, "name": template_id})
    return _template(rows[0]) if rows else None


def list_templates(tx: Tx, workspace_id: str) -> list[Template]:
    """Return every template, by id."""
    statement = (
        sa.select(*_COLUMNS)
        .where(templates.c.workspace_id == workspace_id)
        .order_by(templates.c.name)
    )
    return [_template(tuple(row)) for row in tx.execute(statement)]


def of_connection(tx: Tx, workspace_id: str, connection: str) -> list[str]:
    """Return the ids of those that an account has as approved ones of its own, by id."""
    return [
        each.id
        for each in list_templates(tx, workspace_id)
        if any(mapped.connection == connection for mapped in each.provider_templates)
    ]


def put_template(
    tx: Tx, workspace_id: str, row_id: str, template: Template, now: datetime, *, most: int
) -> bool:
    """Insert a template, or put it in place of the one with its id; False if there are too many."""
    hold(tx, "templates", workspace_id)
    values = {
        "language": template.language,
        "variables": json.dumps(template.variables),
        "texts": json.dumps([asdict(each) for each in template.texts]),
        "provider_templates": json.dumps([asdict(each) for each in template.provider_templates]),
        "updated_at": now,
    }
    here = templates.c.workspace_id == workspace_id
    changed = tx.execute(
        sa.update(templates).where(here, templates.c.name == template.id).values(values)
    )
    if changed.rowcount:
        return True
    if tx.execute(sa.select(sa.func.count()).where(here)).scalar_one() >= most:
        return False
    tx.execute(
        sa.insert(templates).values(
            id=row_id, workspace_id=workspace_id, created_at=now, name=template.id, **values
        )
    )
    return True


def remove_template(tx: Tx, workspace_id: str, template_id: str) -> bool:
    """Delete a template and tell whether there was one."""
    found = tx.execute(
        sa.delete(templates).where(
            templates.c.workspace_id == workspace_id, templates.c.name == template_id
        )
    )
    return found.rowcount == 1


def _template(row: Sequence[Any]) -> Template:
    name, language, variables, texts, at_providers, updated_at = row
    return Template(
        id=name,
        variables=tuple(json.loads(variables)),
        language=language,
        texts=tuple(TemplateText(**each) for each in json.loads(texts)),
        provider_templates=tuple(
            ProviderTemplate(
                **{**each, "values": tuple((theirs, ours) for theirs, ours in each["values"])}
            )
            for each in json.loads(at_providers)
        ),
        updated_at=updated_at,
    )
