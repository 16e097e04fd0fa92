"""What a script may make to be wrong with the storage."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline_demo.inputs import Input, answered
from trunkline_demo.problems import read_input
from trunkline_demo.storage import Shelf, StorageTrouble


class TroubleInput(Input):
    """What is wrong from now on; null for nothing."""

    trouble: StorageTrouble | None


def storage_routes(shelf: Shelf) -> list[Route]:
    """Return the routes of a shelf."""

    async def show(_request: Request) -> Response:
        known = [about for about, _ in shelf.objects.values()]
        return answered(
            {
                "trouble": shelf.trouble,
                "objects": len(known),
                "bytes": sum(each.length for each in known),
            }
        )

    async def trouble(request: Request) -> Response:
        shelf.trouble = (await read_input(request, TroubleInput)).trouble
        return await show(request)

    return [
        Route("/storage", show, methods=["GET"]),
        Route("/storage/trouble", trouble, methods=["POST"]),
    ]
