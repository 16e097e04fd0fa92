"""A hub that the tests of one module share: they look at it and leave it as it was."""

from dataclasses import dataclass

import httpx2

from tests.flows.hubs import Caller, Served


@dataclass(frozen=True, kw_only=True)
class House:
    """A hub on the simulated network with two agents and an admin."""

    hub: Served
    ann: Caller
    ben: Caller
    admin: Caller


def refused(response: httpx2.Response, http_status: int, code: str) -> bool:
    """Tell whether an answer is the documented refusal."""
    problem = response.json()
    return (response.status_code, problem["status"], problem["code"]) == (
        http_status,
        http_status,
        code,
    )
