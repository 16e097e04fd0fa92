"""The simulated storage: the hub's suite, and the troubles that a script makes."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from plugins.demo.tests.wire import Demo
from trunkline.testing.storage import BaseStorageConformance
from trunkline_demo.plugin import DemoPlugin
from trunkline_demo.storage import StorageTrouble, storage_spec

NO_WIRE = "nothing is asked over a wire"


class TestDemoStorage(BaseStorageConformance):
    plugin = DemoPlugin()
    spec = storage_spec(plugin.shelf)
    config = {}  # noqa: RUF012 - as the suite has it
    over_http = False
    left_out = {  # noqa: RUF012
        "bounded": "it is in memory",
        "lost": NO_WIRE,
        "rate_limited": NO_WIRE,
        "server_error": NO_WIRE,
        "bad_credentials": "there are none",
        "no_place": "it is always there",
    }

    @pytest.fixture(autouse=True)
    def _empty(self) -> None:
        self.plugin.shelf.objects.clear()

    @contextmanager
    def troubled(self, trouble: str) -> Iterator[None]:
        self.plugin.shelf.trouble = StorageTrouble(trouble)
        yield
        self.plugin.shelf.trouble = None


async def test_a_script_lets_it_fail_and_mends_it_again(demo: Demo) -> None:
    trouble = "/demo/storage/trouble"

    full = await demo.client.post(trouble, json={"trouble": "full"})
    odd = await demo.client.post(trouble, json={"trouble": "on fire"})
    mended = await demo.client.post(trouble, json={"trouble": None})

    assert full.json() == {"trouble": "full", "objects": 0, "bytes": 0}
    assert odd.status_code == 422
    assert mended.json()["trouble"] is None
