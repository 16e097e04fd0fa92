"""What requests to the demo site and its answers have in common."""

from datetime import datetime
from typing import Annotated

from pydantic import AliasGenerator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse, Response

MediaUrl = Annotated[str, StringConstraints(max_length=2_000, pattern="^https://[!-~]+$")]


class Input(BaseModel):
    """The JSON body of a request: camelCase, and nothing in it that is not known."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_camel), extra="forbid", strict=True
    )


def timestamp(at: datetime) -> str:
    """Return a time as the hub writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answered(content: dict[str, object]) -> Response:
    """Answer with JSON that nobody stores."""
    return JSONResponse(content, headers={"cache-control": "no-store"})


def items(found: list[dict[str, object]]) -> Response:
    """Answer with a list."""
    return answered({"items": found})
