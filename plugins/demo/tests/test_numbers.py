"""Numbers, senders, domains and registrations of the simulated network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from plugins.demo.tests.wire import Demo
from trunkline.sdk import (
    E164,
    DomainOperations,
    NumberOperations,
    NumberQuery,
    NumberSettings,
    Readiness,
    RegistrationKind,
    Rejected,
    SenderOperations,
    SenderSettings,
)
from trunkline.testing import BaseNumberConformance, FakeClock, provider_context
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import Fault
from trunkline_demo.network import Network
from trunkline_demo.plugin import telephony_spec
from trunkline_demo.ringing import Exchange

FAULTS = {"taken": Fault.NUMBER_TAKEN, "failed_after_buying": Fault.FAILED_AFTER_BUYING}
QUICK = DemoConfig(latency_ms=0, delivery_delay_ms=0)
SETTINGS = NumberSettings(label="tl-1", sms_url=None, voice_url=None)
NUMBER = E164("+12025550110")


class TestDemoNumbers(BaseNumberConformance):
    spec = telephony_spec(Network(), Exchange(Network()))

    @asynccontextmanager
    async def account(self, trouble: str | None = None) -> AsyncIterator[NumberOperations]:
        network = Network()
        if trouble is not None:
            network.arm(FAULTS[trouble], 1)
        spec = telephony_spec(network, Exchange(network))
        async with httpx2.AsyncClient() as http, spec.open(QUICK, provider_context(http)) as each:
            yield each


@asynccontextmanager
async def numbers(
    data_dir: Path, config: DemoConfig = QUICK, clock: FakeClock | None = None
) -> AsyncIterator[NumberOperations]:
    """Open the network anew, on a directory that may know an account."""
    network = Network()
    spec = telephony_spec(network, Exchange(network))
    async with httpx2.AsyncClient() as http:
        context = provider_context(http, data_dir=data_dir, clock=clock)
        async with spec.open(config, context) as provider:
            yield provider


@pytest.mark.parametrize(
    ("country", "requirement"), [("US", "none"), ("GB", "none"), ("DE", "local")]
)
async def test_numbers_are_sold_in_several_countries(
    tmp_path: Path, country: str, requirement: str
) -> None:
    async with numbers(tmp_path) as provider:
        offers = await provider.search_numbers(NumberQuery(country=country, voice=True))

    assert offers
    assert {each.address_requirement for each in offers} == {requirement}
    assert all(each.monthly_micros and each.currency == "USD" for each in offers)


async def test_a_country_may_be_sold_out(tmp_path: Path) -> None:
    async with numbers(tmp_path) as provider:
        assert await provider.search_numbers(NumberQuery(country="AU")) == []


async def test_a_number_that_wants_an_address_is_not_sold_without(tmp_path: Path) -> None:
    async with numbers(tmp_path) as provider:
        [offer] = await provider.search_numbers(NumberQuery(country="DE", limit=1))

        with pytest.raises(Rejected) as refused:
            await provider.buy_number(offer.number, SETTINGS)

    assert refused.value.provider_code == "address_required"


async def test_what_was_bought_outlives_the_network(tmp_path: Path) -> None:
    async with numbers(tmp_path) as provider:
        bought = await provider.buy_number(NUMBER, SETTINGS)

    async with numbers(tmp_path) as provider:
        assert await provider.find_number(NUMBER) == bought
        assert NUMBER not in {
            each.number for each in await provider.search_numbers(NumberQuery(country="US"))
        }


async def test_where_registration_is_asked_for_a_us_number_needs_a_campaign(tmp_path: Path) -> None:
    config = DemoConfig(latency_ms=0, us_registration=True, review_ms=1000)
    clock = FakeClock()
    async with numbers(tmp_path, config, clock) as provider:
        before = await provider.number_standing(NUMBER)
        abroad = await provider.number_standing(E164("+442079460100"))
        brand = await provider.register(RegistrationKind.BRAND, "tl-b", {"company_name": "A"})
        await provider.register(
            RegistrationKind.CAMPAIGN, "tl-c", {"brand": brand.provider_id, "use": "care"}
        )
        meanwhile = await provider.number_standing(NUMBER)
        clock.travel(1.1)
        after = await provider.number_standing(NUMBER)

    assert [each.readiness for each in (before, abroad, meanwhile, after)] == [
        Readiness.MISSING,
        Readiness.READY,
        Readiness.PENDING,
        Readiness.READY,
    ]


async def test_a_sender_is_in_review_for_a_moment_and_then_active(demo: Demo) -> None:
    [spec] = demo.plugin.trunkline_register_whatsapp()
    context = provider_context(demo.client, clock=demo.clock)
    settings = SenderSettings(display_name="Ada", inbound_url=None, status_url=None)
    async with spec.open(QUICK, context) as provider:
        assert isinstance(provider, SenderOperations)
        asked = await provider.register_sender(NUMBER, settings)
        with pytest.raises(Rejected):
            await provider.register_sender(NUMBER, settings)
        demo.clock.travel(2)
        found = await provider.find_sender(NUMBER)
        await provider.remove_sender(asked.provider_id)
        left = await provider.senders()

    assert asked.standing.readiness is Readiness.PENDING
    assert found is not None
    assert found.standing.readiness is Readiness.READY
    assert left == []


async def test_a_domain_whose_records_are_half_there_says_which_are_missing(demo: Demo) -> None:
    [spec] = demo.plugin.trunkline_register_email()
    async with spec.open(QUICK, provider_context(demo.client, clock=demo.clock)) as provider:
        assert isinstance(provider, DomainOperations)
        added = await provider.add_domain("acme.example")
        told = await demo.post("/demo/domains/acme.example/records", {"found": ["dkim"]})
        half = await provider.check_domain(added.provider_id)
        await demo.post(
            "/demo/domains/acme.example/records", {"found": ["dkim", "spf", "return_path"]}
        )
        whole = await provider.check_domain(added.provider_id)
        own = await provider.find_domain("agents.example")

    assert told.json() == {"domain": "acme.example", "missing": ["spf", "return_path"]}
    assert half.standing.readiness is Readiness.PENDING
    assert half.standing.sentence == "Records are missing: spf, return_path."
    assert [each.found for each in half.records] == [True, False, False]
    assert whole.standing.readiness is Readiness.READY
    assert own is not None
    assert own.standing.readiness is Readiness.READY


async def test_a_script_sees_what_the_account_holds(demo: Demo) -> None:
    async with demo.opened() as provider:
        await provider.buy_number(NUMBER, SETTINGS)
        shown = (await demo.client.get("/demo/account")).json()

    assert shown["bought"] == 1
    assert [each["number"] for each in shown["numbers"]] == [NUMBER]
