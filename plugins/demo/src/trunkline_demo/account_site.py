"""The account over HTTP, for scripts: what it holds, and what others decide about that."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline_demo.domains import shown
from trunkline_demo.inputs import Input, answered
from trunkline_demo.network import Network
from trunkline_demo.problems import Problem, read_input


class RecordsInput(Input):
    """For what purposes the owner of a domain has set records; the others are not there."""

    found: list[Literal["dkim", "spf", "return_path"]]


class ReviewInput(Input):
    """What the review of a WhatsApp sender comes to."""

    number: str
    refused: bool


def account_routes(network: Network) -> list[Route]:
    """Return the routes of the account."""

    async def show(_request: Request) -> Response:
        books = network.account.books
        return answered(
            {
                "bought": books.bought,
                "released": books.released,
                "numbers": [each.model_dump() for each in books.numbers.values()],
                "senders": [each.model_dump(mode="json") for each in books.senders.values()],
                "domains": [each.model_dump() for each in books.domains.values()],
            }
        )

    async def set_records(request: Request) -> Response:
        given = await read_input(request, RecordsInput)
        held = network.account.books.domains.get(request.path_params["domain"])
        if held is None:
            raise Problem(404, "not_found", "The account has no such domain.")
        held.found = list(given.found)
        network.account.keep()
        missing = [each.purpose for each in shown(held).records if not each.found]
        return answered({"domain": held.domain, "missing": missing})

    async def review(request: Request) -> Response:
        given = await read_input(request, ReviewInput)
        senders = network.account.books.senders.values()
        held = next((each for each in senders if each.number == given.number), None)
        if held is None:
            raise Problem(404, "not_found", "The account has no such sender.")
        held.refused = given.refused
        network.account.keep()
        return answered({"number": held.number, "refused": held.refused})

    return [
        Route("/senders/review", review, methods=["POST"]),
        Route("/account", show, methods=["GET"]),
        Route("/domains/{domain}/records", set_records, methods=["POST"]),
    ]
