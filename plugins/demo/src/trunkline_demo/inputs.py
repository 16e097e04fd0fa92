"""What requests to the demo site and its answers have in common."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AliasGenerator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from trunkline.sdk import HUB_VIEW, AgentCard, HubView

MediaUrl = Annotated[str, StringConstraints(max_length=2_000, pattern="^https://[!-~]+$")]


class Input(BaseModel):
    """The JSON body of a request: camelCase, and nothing in it that is not known."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_camel), extra="forbid", strict=True
    )


async def agents_of(request: Request) -> Sequence[AgentCard] | None:
    """Return the hub's agents, or None where no hub lends its view."""
    view: HubView | None = request.scope.get(HUB_VIEW)
    return None if view is None else await view.agents()


def timestamp(at: datetime) -> str:
    """Return a time as the hub writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answered(content: dict[str, object]) -> Response:
    """Answer with JSON that nobody stores."""
    return JSONResponse(content, headers={"cache-control": "no-store"})


def items(found: list[dict[str, object]]) -> Response:
    """Answer with a list."""
    return answered({"items": found})
