"""The suites of numbers, senders and accounts have teeth: they fail each of these mistakes."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import invalidate_caches
from pathlib import Path
from typing import Any, Final

import pytest

import trunkline_twilio
from plugins.twilio.tests.asking import Asking
from plugins.twilio.tests.numbers_suite import NumbersSuite as Numbers
from plugins.twilio.tests.provisioning_vendor import MG, campaign, service
from plugins.twilio.tests.registrations_suite import RegistrationsSuite as Registrations
from plugins.twilio.tests.senders_suite import SendersSuite as Senders
from plugins.twilio.tests.vendor import refusal
from trunkline.sdk import OutcomeUnknown, ProviderError, Readiness

_SOURCE: Final = Path(trunkline_twilio.__file__).parent
_FAILED: Final = {"answer": refusal(500, 20500), "kind": OutcomeUnknown}


@dataclass(frozen=True, slots=True)
class Mistake:
    """`new` stands for `old` in `module`; `test` finds it when it is asked with `arguments`."""

    says: str
    module: str
    old: str
    new: str
    test: Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)


MISTAKES: Final = [
    Mistake(
        "It buys again by itself",
        "numbers",
        """        bought = read(_Number""",
        """        await self._post(f"{self._account}/IncomingPhoneNumbers.json", form)
        bought = read(_Number""",
        Numbers.test_a_number_is_bought_once_with_its_label_and_its_webhooks,
    ),
    Mistake(
        "It forgets the label",
        "numbers",
        """        "FriendlyName": settings.label,
""",
        "",
        Numbers.test_a_number_whose_answer_was_lost_is_found_by_its_number_and_its_label,
    ),
    Mistake(
        "It calls a broken-down vendor's purchase none",
        "errors",
        "return OutcomeUnknown(f",
        "return Rejected(f",
        Numbers.test_only_what_was_surely_not_bought_may_be_bought_again,
        _FAILED,
    ),
    Mistake(
        "It takes a number that holds the digits for the number",
        "numbers",
        "if each.number == number), None)",
        "if number in each.number), None)",
        Numbers.test_only_the_very_number_and_the_very_label_are_found,
    ),
    Mistake(
        "It reads one page",
        "api",
        "            if pages[-1].next_page_uri is None:",
        "            if pages:",
        Numbers.test_every_page_of_the_numbers_with_a_label_is_read,
    ),
    Mistake(
        "It takes a part of a list for the whole",
        "api",
        """        # A part of the list must not pass for the whole.
        raise OutcomeUnknown("Twilio lists more than can be read.")""",
        "        return pages",
        Numbers.test_a_list_that_cannot_be_read_to_its_end_is_no_list,
    ),
    Mistake(
        "It believes the answer to the change",
        "numbers",
        """        self._succeeded(await self._post(uri, _form(settings)), NUMBER_FAILURES)
        await self._join_service(provider_id)
        return read(_Number, self._succeeded(await self._get(uri))).owned()""",
        """        set_ = self._succeeded(await self._post(uri, _form(settings)), NUMBER_FAILURES)
        await self._join_service(provider_id)
        return read(_Number, set_).owned()""",
        Numbers.test_what_is_read_back_counts_and_not_what_the_change_was_answered,
    ),
    Mistake(
        "It leaves an old URL where there is none",
        "callbacks",
        """    return with_retries(url) if url else \"\"""",
        """    return with_retries(url or \"https://old.example/sms\")""",
        Numbers.test_a_side_without_a_url_has_none_afterwards,
    ),
    Mistake(
        "It overlooks what goes before a URL",
        "numbers",
        "None if is_routed else read_back(self.voice_url)",
        "read_back(self.voice_url)",
        Numbers.test_a_url_that_twilio_does_not_go_by_is_not_read_back,
        {"changes": {"trunk_sid": f"TK{'1' * 32}"}, "sides": ("voice_url",)},
    ),
    Mistake(
        "It overlooks that the service answers itself",
        "services",
        "            raise NotSetUp(_ANSWERS_ITSELF)",
        "            return",
        Numbers.test_a_messaging_service_that_keeps_texts_to_itself_is_for_an_operator,
    ),
    Mistake(
        "It adds a number to its service again and again",
        "services",
        "service is None or await self._has(service, number_sid)",
        "service is None",
        Numbers.test_a_number_of_a_connection_with_a_messaging_service_joins_it,
    ),
    Mistake(
        "It takes every 404 for none",
        "api",
        "if error.provider_code == NOT_FOUND:  # not any",
        "if response.status_code == 404:  # not any",
        Numbers.test_a_404_that_is_not_twilios_does_not_prove_that_a_number_is_gone,
    ),
    Mistake(
        "It quotes the price of another kind of number",
        "numbers",
        "if price.number_type == name and self.price_unit:",
        "if self.price_unit:",
        Numbers.test_a_type_that_was_asked_for_is_the_only_one_looked_for,
    ),
    Mistake(
        "It calls a campaign that nobody knows registered",
        "registrations",
        "CAMPAIGN_STATES.get(self.status, Readiness.PENDING)",
        "CAMPAIGN_STATES.get(self.status, Readiness.READY)",
        Registrations.test_a_us_number_stands_as_the_campaign_of_its_service_does,
        {"status": "PONDERING", "readiness": Readiness.PENDING},
    ),
    Mistake(
        "It takes any service's campaign for the number's",
        "services",
        "            if await self._has(service, number_sid):\n                return service",
        "            return service",
        Registrations.test_a_us_number_stands_as_the_campaign_of_its_service_does,
        {"status": "FAILED", "readiness": Readiness.REJECTED},
    ),
    Mistake(
        "It takes a mock for the real thing",
        "registrations",
        "if not each.mock]",
        "if each]",
        Registrations.test_a_us_number_without_a_campaign_says_what_to_do,
        {
            "services": {MG: service()},
            "campaigns": {MG: [campaign(mock=True)]},
            "words": "register one",
        },
    ),
    Mistake(
        "It calls numbers ready whose standing cannot be read",
        "registrations",
        "        campaigns = [each for each in await self._campaigns(service) if not each.mock]",
        """        try:
            campaigns = [each for each in await self._campaigns(service) if not each.mock]
        except Exception:
            return Standing(readiness=Readiness.READY)""",
        Registrations.test_a_standing_that_cannot_be_read_is_none,
        _FAILED,
    ),
    Mistake(
        "It tells what a fact says",
        "facts",
        'raise Rejected(f"{name} has {fact.least}',
        'raise Rejected(f"{facts[name]} for {name} has {fact.least}',
        Registrations.test_a_fact_that_is_missing_or_wrong_is_named_without_what_it_says,
        {"changes": {"Description": "too short, secret-"}, "words": "Description has 40"},
    ),
    Mistake(
        "It calls an offline sender ready",
        "senders",
        "_OFFLINE: (Readiness.REJECTED, None)",
        "_OFFLINE: (Readiness.READY, None)",
        Senders.test_a_sender_stands_as_twilio_says,
        {"status": "OFFLINE", "readiness": Readiness.REJECTED, "words": "63020"},
    ),
    Mistake(
        "It believes the answer to a sender's change",
        "senders",
        """        self._succeeded(await self._post_json(uri, asked))
        return await self._sender(uri)""",
        """        set_ = self._succeeded(await self._post_json(uri, asked))
        return read(_Sender, set_).sender()""",
        Senders.test_a_sender_is_read_back_and_its_name_goes_to_review_only_if_it_changes,
    ),
    Mistake(
        "It has the name reviewed at every change",
        "senders",
        "display_name != settings.display_name:",
        "display_name is not None:",
        Senders.test_a_sender_is_read_back_and_its_name_goes_to_review_only_if_it_changes,
    ),
    Mistake(
        "It lists closed accounts",
        "subaccounts",
        "            and each.status != _CLOSED\n",
        "",
        Senders.test_an_account_below_is_made_found_and_closed,
    ),
    Mistake(
        "It closes the connection's own account",
        "subaccounts",
        "if provider_id == self._config.account_sid:",
        "if not provider_id:",
        Senders.test_the_connections_own_account_is_none_below_it_and_is_never_closed,
    ),
]


def copy(mistake: Mistake, folder: Path, name: str, *, right: bool) -> str:
    """Write a copy of the adapter, with the mistake in it or without, and return its name."""
    (folder / name).mkdir()
    for path in _SOURCE.glob("*.py"):
        source = path.read_text("utf-8")
        if path.stem == mistake.module:
            assert source.count(mistake.old) == 1, f"{mistake.old!r} is not one place"
            source = source if right else source.replace(mistake.old, mistake.new)
        (folder / name / path.name).write_text(source.replace("trunkline_twilio", name), "utf-8")
    invalidate_caches()
    return name


def run(mistake: Mistake, name: str) -> None:
    """Run the test that should find it against a copy."""
    suites: tuple[type[Asking], ...] = (Numbers, Registrations, Senders)
    (suite,) = (each for each in suites if mistake.test in vars(each).values())
    copied = type("Copied", (suite,), {"package": name})
    asyncio.run(mistake.test(copied(), **mistake.arguments))


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.says)
def test_a_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = MISTAKES.index(mistake)
    monkeypatch.syspath_prepend(tmp_path)
    run(mistake, copy(mistake, tmp_path, f"right_twilio_{number}", right=True))

    wrong = copy(mistake, tmp_path, f"wrong_twilio_{number}", right=False)
    with pytest.raises((AssertionError, ProviderError, pytest.fail.Exception)):
        run(mistake, wrong)
