"""The sdk as a whole: what it exports, what it promises in words, and how it fails by default."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import TypeVar

import pytest
from pydantic import BaseModel

import trunkline.sdk
import trunkline.testing
from trunkline.sdk import (
    E164,
    BadSignature,
    HangUp,
    Media,
    MessageProvider,
    OutboundCall,
    Provider,
    TelephonyProvider,
    TrunklineError,
    Unsupported,
    WebhookAdapter,
    errors,
    hookspecs,
)
from trunkline.testing import BaseTelephonyConformance, FakeClock

SDK_MODULES = [
    importlib.import_module(f"trunkline.sdk.{found.name}")
    for found in pkgutil.iter_modules(trunkline.sdk.__path__)
]


def defined_in(module: ModuleType) -> Iterator[str]:
    """Yield the public classes and functions that `module` itself defines."""
    for name, value in vars(module).items():
        if name.startswith("_") or isinstance(value, TypeVar):
            continue
        if getattr(value, "__module__", None) == module.__name__:
            yield name


@pytest.mark.parametrize("package", [trunkline.sdk, trunkline.testing])
def test_the_list_of_exports_is_what_is_there(package: ModuleType) -> None:
    imported = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }

    assert imported == set(package.__all__)
    assert len(package.__all__) == len(set(package.__all__))


@pytest.mark.parametrize("module", SDK_MODULES, ids=lambda module: module.__name__)
def test_an_author_finds_everything_in_one_place(module: ModuleType) -> None:
    if module is hookspecs:
        return  # hooks are implemented, never imported

    assert set(defined_in(module)) <= set(trunkline.sdk.__all__)


@pytest.mark.parametrize("module", SDK_MODULES, ids=lambda module: module.__name__)
def test_every_public_name_says_what_it_is(module: ModuleType) -> None:
    undocumented = [name for name in defined_in(module) if not vars(module)[name].__doc__]

    assert module.__doc__
    assert not undocumented


def error_classes() -> list[type[TrunklineError]]:
    found = [vars(errors)[name] for name in defined_in(errors)]
    return [error for error in found if issubclass(error, TrunklineError)]


@pytest.mark.parametrize("error", error_classes())
def test_every_error_stands_in_the_tree_that_authors_read(error: type[TrunklineError]) -> None:
    assert f" {error.__name__}" in (errors.__doc__ or "")


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in error_classes()]

    assert len(set(codes)) == len(codes)
    assert all("." in code for code in codes)


SENDER, RECIPIENT = E164("+14155550100"), E164("+14155550199")
CALL = OutboundCall(
    sender=SENDER,
    recipient=RECIPIENT,
    body="Hello",
    idempotency_key="msg_1",
    status_url="https://hub.example/status",
    steps=(HangUp(),),
)
OPERATIONS: dict[str, tuple[object, ...]] = {
    "send": (BaseTelephonyConformance.sms,),
    "fetch": ("a provider's id",),
    "find": (SENDER, RECIPIENT, datetime(2026, 11, 21, tzinfo=UTC)),
    "find_by_key": ("a key", datetime(2026, 11, 21, tzinfo=UTC)),
    "listen": (None,),
    "verify": (),
    "fetch_media": (Media(url="https://vendor.example/1"),),
    "delete_media": (Media(url="https://vendor.example/1"),),
    "delete_message": ("a provider's id",),
    "fetch_call": ("a provider's id",),
    "find_calls": (SENDER, RECIPIENT, datetime(2026, 11, 21, tzinfo=UTC)),
    "hang_up": ("a provider's id",),
    "place_call": (CALL,),
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_that_an_adapter_lacks_says_so(operation: str) -> None:
    with pytest.raises(Unsupported, match="does not support"):
        await getattr(TelephonyProvider(), operation)(*OPERATIONS[operation])


def test_the_operations_tried_above_are_all_there_are() -> None:
    found = {*vars(Provider), *vars(MessageProvider), *vars(TelephonyProvider)}
    whole = {"complete"}  # of an adapter that announces nothing: it has all there is
    assert {name for name in found if not name.startswith("_")} - whole == set(OPERATIONS)


class Settings(BaseModel):
    """The config of an adapter that needs none."""


def test_a_webhook_adapter_that_forgets_to_verify_refuses() -> None:
    request = trunkline.sdk.WebhookRequest(
        method="POST",
        url="https://hub.example",
        headers={},
        body=b"",
        received_at=FakeClock().now(),
    )

    with pytest.raises(BadSignature):
        WebhookAdapter[Settings]().verify(request, Settings())
