"""
A hub that kills itself at the step that CHAOS_STEP names, such as "after jobs are claimed:3".

It is the hub as it stands, with one function of it wrapped: the Nth time that the named step is
reached, the process gets SIGKILL. Nothing in the hub knows of this.
"""

import inspect
import os
import signal
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from itertools import count
from typing import Any, Final, NamedTuple


class Step(NamedTuple):
    """A moment: before or after a function of a module has run."""

    module: str
    function: str
    after: bool


_SENDING = "trunkline.core.sending"
_DELIVERY = "trunkline.core.delivery"
_SETTLEMENT = "trunkline.core.settlement"
_ENGINE = "trunkline.core.engine"
_INTAKE = "trunkline.core.inbound.intake"

SPEAKING: Final = {
    "before a text is spoken": Step("trunkline.core.speech.speaking", "Speaking.spoken", False),
    "after a text is spoken": Step("trunkline.core.speech.speaking", "Speaking.spoken", True),
    "before a sound is stored": Step("trunkline.core.media.service", "MediaStore.store", False),
    "in the transaction that stores a sound": Step("trunkline.core.media.shelf", "Shelf.put", True),
    "after a sound is stored": Step("trunkline.core.media.service", "MediaStore.store", True),
    "in the transaction of what was paid": Step("trunkline.core.usage.books", "Books.paid", True),
}
"""The steps of a message that is spoken, before it is stored."""

_PROVISIONING = "trunkline.core.provisioning"

PROVISIONING: Final = {
    "before an agent is stored": Step(f"{_PROVISIONING}.service", "Provisioning._begin", False),
    "in the transaction that stores it": Step(
        f"{_PROVISIONING}.service", "Provisioning._begin", True
    ),
    "after a number was searched": Step(f"{_PROVISIONING}.numbers", "Numbers._search", True),
    "in the transaction that chooses it": Step(f"{_PROVISIONING}.numbers", "_choose", True),
    "before it is asked for": Step(f"{_PROVISIONING}.numbers", "Numbers._ask", True),
    "before it is bought": Step(f"{_PROVISIONING}.numbers", "Numbers._buy", False),
    "after it was bought": Step(f"{_PROVISIONING}.numbers", "Numbers._buy", True),
    "before it is configured": Step(f"{_PROVISIONING}.numbers", "Numbers._configure", False),
    "after it was configured": Step(f"{_PROVISIONING}.numbers", "Numbers._configure", True),
    "after it was verified": Step(f"{_PROVISIONING}.numbers", "Numbers._verify", True),
    "before it is assigned": Step(f"{_PROVISIONING}.assigning", "Assigning.assign", False),
    "in the transaction that assigns it": Step(
        f"{_PROVISIONING}.assigning", "Assigning.assign", True
    ),
    "before a sender is registered": Step(f"{_PROVISIONING}.senders", "Senders._register", False),
    "after a sender was registered": Step(f"{_PROVISIONING}.senders", "Senders._register", True),
    "after a domain was added": Step(f"{_PROVISIONING}.domains", "Domains._add", True),
    "after a step is stored": Step(f"{_PROVISIONING}.work", "Work._stored", True),
    "before the token is issued": Step(
        f"{_PROVISIONING}.service", "Provisioning._provisioned", False
    ),
}
"""The steps by which an agent gets its channels."""
DEPROVISIONING: Final = {
    "before what is queued is canceled": Step(f"{_PROVISIONING}.ending", "Ending.work", False),
    "before its end is looked at": Step(f"{_PROVISIONING}.numbers", "Numbers._end", False),
    "before a number is given back": Step(f"{_PROVISIONING}.numbers", "Numbers._release", False),
    "after a number was given back": Step(f"{_PROVISIONING}.numbers", "Numbers._release", True),
    "after a sender was removed": Step(f"{_PROVISIONING}.senders", "Senders._release", True),
    "after a step is stored": Step(f"{_PROVISIONING}.work", "Work._stored", True),
}
"""The steps by which they are taken back."""
POOL: Final = {
    "before the pool is filled": Step(f"{_PROVISIONING}.pool_filling", "Filling._fill", False),
    "in the transaction that fills it": Step(
        f"{_PROVISIONING}.pool_filling", "Filling._fill", True
    ),
    "before it buys a number": Step(f"{_PROVISIONING}.numbers", "Numbers._buy", False),
    "after it bought a number": Step(f"{_PROVISIONING}.numbers", "Numbers._buy", True),
    "before it registers a sender": Step(f"{_PROVISIONING}.senders", "Senders._register", False),
    "after it registered a sender": Step(f"{_PROVISIONING}.senders", "Senders._register", True),
    "in the transaction that follows a sender": Step(
        f"{_PROVISIONING}.pool", "SenderPool.follow", True
    ),
    "in the transaction that hands a sender over": Step(
        f"{_PROVISIONING}.pool", "SenderPool.take", True
    ),
    "before the sender is named anew": Step(
        f"{_PROVISIONING}.senders", "Senders._configure", False
    ),
    "in the transaction that takes a sender back": Step(
        f"{_PROVISIONING}.pool", "SenderPool.take_back", True
    ),
    "in the transaction that gives a sender up": Step(
        f"{_PROVISIONING}.pool", "SenderPool._return", True
    ),
    "before the number of a sender is given back": Step(
        f"{_PROVISIONING}.numbers", "Numbers._release", False
    ),
    "in the transaction that ends a sender": Step(
        f"{_PROVISIONING}.pool", "SenderPool.ended", True
    ),
}
"""The steps of senders that wait for agents."""

DUPLICATING: Final = {
    "in the transaction that stores a duplicate": Step(
        "trunkline.core.duplicates.service", "Duplicates.tell", True
    ),
    "before a duplicate is begun": Step(f"{_SENDING}.duplicating", "Duplicating.work", False),
    "before a duplicate is sent": Step(f"{_SENDING}.duplicating", "Duplicating._send", False),
    "after a duplicate was sent": Step(f"{_SENDING}.duplicating", "Duplicating._send", True),
    "in the transaction that ends it": Step(f"{_SENDING}.duplicating", "Duplicating._end", True),
}
"""The steps of a message that is told once more; others are those of the message that it is."""

STEPS: Final = {
    "before the message is stored": Step(f"{_SENDING}.admission", "Admission.admit", False),
    "in the transaction that stores it": Step(f"{_SENDING}.admission", "Admission._admit", True),
    "after the message is stored": Step(f"{_SENDING}.admission", "Admission.admit", True),
    "before the provider is asked": Step(f"{_DELIVERY}.deliver", "Delivery._call", False),
    "after the provider was asked": Step(f"{_DELIVERY}.deliver", "Delivery._call", True),
    "before the outcome is stored": Step(f"{_DELIVERY}.deliver", "Delivery._recorded", False),
    "in the transaction of the outcome": Step(f"{_DELIVERY}.outcomes", "Outcomes.record", True),
    "after the outcome is stored": Step(f"{_DELIVERY}.deliver", "Delivery._recorded", True),
    "in the transaction of a later attempt": Step(
        f"{_DELIVERY}.beginning", "Beginning.begin", True
    ),
    "in the transaction that claims jobs": Step(f"{_ENGINE}.repository", "claim", True),
    "after jobs are claimed": Step(f"{_ENGINE}.engine", "Engine._do", False),
    "before a job is finished": Step(f"{_ENGINE}.repository", "finish", False),
    "in the transaction that finishes a job": Step(f"{_ENGINE}.repository", "finish", True),
    "before an unknown outcome is asked for": Step(
        f"{_SETTLEMENT}.reconciliation", "Reconciliation.work", False
    ),
    "after an unknown outcome is asked for": Step(
        f"{_SETTLEMENT}.reconciliation", "Reconciliation.work", True
    ),
    "in the transaction that buries the dead": Step(
        f"{_SETTLEMENT}.recovery", "Recovery.settle_dead", True
    ),
    "before a callback is stored": Step(_INTAKE, "Intake._store", False),
    "in the transaction of a callback": Step(
        "trunkline.core.inbound.dispatch", "Dispatch.take_in", True
    ),
    "after a callback is stored": Step(_INTAKE, "Intake._store", True),
}


def arm(step: Step, times: int) -> None:
    """Wrap the function of a step, to end this process the given time that it is reached."""
    *path, name = step.function.split(".")
    owner: Any = import_module(step.module)
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), after=step.after, times=times))


def _deadly(function: Callable[..., Any], *, after: bool, times: int) -> Callable[..., Any]:
    passages = count(1)

    def pass_by() -> None:
        if next(passages) == times:
            os.kill(os.getpid(), signal.SIGKILL)

    @wraps(function)
    def call(*args: Any, **more: Any) -> Any:
        if not after:
            pass_by()
        value = function(*args, **more)
        if after:
            pass_by()
        return value

    @wraps(function)
    async def await_(*args: Any, **more: Any) -> Any:
        if not after:
            pass_by()
        value = await function(*args, **more)
        if after:
            pass_by()
        return value

    return await_ if inspect.iscoroutinefunction(function) else call


def main() -> None:
    """Be the hub, with the step armed that the environment names, if it names one."""
    name, _, times = os.environ.get("CHAOS_STEP", "").partition(":")
    if name:
        places = STEPS | SPEAKING | PROVISIONING | DEPROVISIONING | POOL | DUPLICATING
        arm(places[name], int(times))
    from trunkline.cli import main

    main()
