"""The suites of domains and webhooks have teeth: they fail each of these mistakes."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import invalidate_caches
from pathlib import Path
from typing import Any, Final

import pytest

import trunkline_resend
from plugins.resend.tests.setup_suite import DomainsSuite as Domains
from plugins.resend.tests.setup_suite import WebhooksSuite as Webhooks
from plugins.resend.tests.team import Asking
from plugins.resend.tests.vendor import refusal
from trunkline.sdk import OutcomeUnknown, ProviderError, Readiness

_SOURCE: Final = Path(trunkline_resend.__file__).parent
_FAILED: Final = {"answer": refusal(500, "internal_server_error"), "kind": OutcomeUnknown}


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
        "It adds a domain for sending alone",
        "domains",
        '"receiving": "enabled"',
        '"receiving": "disabled"',
        Domains.test_a_domain_is_added_for_both_ways_and_tells_the_records_to_set,
    ),
    Mistake(
        "It leaves names short",
        "domains",
        "name=whole,",
        "name=name,",
        Domains.test_a_domain_is_added_for_both_ways_and_tells_the_records_to_set,
    ),
    Mistake(
        "It reads one page",
        "domains",
        "if not page.has_more or not page.data:",
        "if page:",
        Domains.test_a_domain_is_found_on_every_page_and_by_its_whole_name_alone,
    ),
    Mistake(
        "It takes a name below for the domain",
        "domains",
        "if each.name.lower() == domain.lower():",
        "if each.name.lower().endswith(domain.lower()):",
        Domains.test_a_domain_is_found_on_every_page_and_by_its_whole_name_alone,
    ),
    Mistake(
        "It takes a part of a list for the whole",
        "domains",
        'raise OutcomeUnknown("Resend lists more domains than can be read.")',
        "return None",
        Domains.test_a_list_that_cannot_be_read_to_its_end_is_no_list,
    ),
    Mistake(
        "It calls a domain ready whose sending is not",
        "domains",
        "all(each.status == _VERIFIED for each in sending)",
        "any(each.status for each in sending)",
        Domains.test_a_domain_is_ready_once_mail_may_go_out_from_it,
        {
            "status": "partially_verified",
            "sending": "pending",
            "receiving": "verified",
            "readiness": Readiness.PENDING,
            "words": "wait",
        },
    ),
    Mistake(
        "It makes a verified domain pending",
        "domains",
        "if known.standing.vendor_status == _VERIFIED:",
        "if not known:",
        Domains.test_a_verified_domain_is_not_made_pending_by_a_check,
    ),
    Mistake(
        "It never has Resend look",
        "domains",
        """        read(_Named, await self._ask("POST", f"{path}/verify"))
""",
        "",
        Domains.test_checking_has_resend_look_anew_and_tells_what_it_found,
    ),
    Mistake(
        "It takes every 404 for none",
        "api",
        "response.status_code == 404 and name_of(response) == NOT_FOUND",
        "response.status_code == 404",
        Domains.test_a_404_that_is_not_resends_does_not_prove_that_a_domain_is_gone,
    ),
    Mistake(
        "It makes a webhook without looking",
        "webhook_settings",
        "for each in await self._webhooks() if each.endpoint in ours]",
        "for each in await self._webhooks() if not each.endpoint]",
        Webhooks.test_a_webhook_is_made_once_for_everything_and_its_secret_is_kept,
    ),
    Mistake(
        "It makes a second webhook beside the operator's own",
        "webhook_settings",
        "ours = {url, _DOOR",
        "ours = {url} or {_DOOR",
        Webhooks.test_a_webhook_at_the_connections_own_door_is_the_same_and_moves,
    ),
    Mistake(
        "It overlooks that another secret is set",
        "webhook_settings",
        "if self._own_secrets and secret not in",
        "if not secret and secret not in",
        Webhooks.test_a_secret_of_another_webhook_in_the_settings_is_for_an_operator,
    ),
    Mistake(
        "It makes one for each who asks at once",
        "webhook_settings",
        """        async with self._setting:
            return await self._set_webhook(url)
""",
        """        return await self._set_webhook(url)
""",
        Webhooks.test_two_that_set_it_at_once_make_one_and_two_hubs_keep_the_same,
    ),
    Mistake(
        "It overlooks what another hub made",
        "webhook_settings",
        "known = await self._ours(url) or [",
        "known = [",
        Webhooks.test_two_that_set_it_at_once_make_one_and_two_hubs_keep_the_same,
    ),
    Mistake(
        "It forgets the secret",
        "webhook_settings",
        "        await self._secrets.put(SECRET, secret)\n",
        "",
        Webhooks.test_a_webhook_whose_answer_was_lost_is_found_with_its_secret,
    ),
    Mistake(
        "It takes a webhook that is switched off for a whole one",
        "webhook_settings",
        "if self.status == _ENABLED else ()",
        "if self.status else ()",
        Webhooks.test_one_that_tells_too_little_is_made_whole_and_keeps_what_else_it_tells,
        {"changes": {"status": "disabled"}},
    ),
    Mistake(
        "It drops what somebody else wants to hear",
        "webhook_settings",
        "sorted({*EVENTS, *(first.events or ())})",
        "sorted(EVENTS)",
        Webhooks.test_one_that_tells_too_little_is_made_whole_and_keeps_what_else_it_tells,
        {"changes": {"events": ["email.sent", "contact.created"]}},
    ),
    Mistake(
        "It believes what it asked for",
        "webhook_settings",
        "events=shown.heard())",
        "events=EVENTS)",
        Webhooks.test_what_is_read_back_counts,
    ),
    Mistake(
        "It leaves twins",
        "webhook_settings",
        "            await self._remove(each.id)",
        "            pass",
        Webhooks.test_of_several_for_one_address_the_oldest_stays,
    ),
    Mistake(
        "It takes a list that fails for an empty one",
        "webhook_settings",
        """            page = read(_Listed, await self._get(f"/webhooks?limit={MOST}{after}"))
""",
        """            response = await self._get(f"/webhooks?limit={MOST}{after}")
            if not response.is_success:
                return []
            page = read(_Listed, response)
""",
        Webhooks.test_a_list_that_fails_makes_no_second_webhook,
        _FAILED,
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
        (folder / name / path.name).write_text(source.replace("trunkline_resend", name), "utf-8")
    invalidate_caches()
    return name


def run(mistake: Mistake, name: str) -> None:
    """Run the test that should find it against a copy."""
    suites: tuple[type[Asking], ...] = (Domains, Webhooks)
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
    run(mistake, copy(mistake, tmp_path, f"right_resend_{number}", right=True))

    wrong = copy(mistake, tmp_path, f"wrong_resend_{number}", right=False)
    with pytest.raises((AssertionError, ProviderError, pytest.fail.Exception)):
        run(mistake, wrong)
