"""What the adapter must get right about domains and webhooks, whichever copy of it."""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest

from plugins.resend.tests.team import Asking, Team, domain, records, secret, webhook
from plugins.resend.tests.vendor import refusal
from trunkline.sdk import (
    AuthFailed,
    DnsRecord,
    NotSetUp,
    OutcomeUnknown,
    Readiness,
    Rejected,
    RetryLater,
)
from trunkline.testing import DROP_AFTER, DROP_BEFORE, Canned, Drop, FakeSecrets

DOMAIN: Final = "mail.shop.example"
URL: Final = "https://hub.example/webhooks/connections/resend/email"
EVENTS: Final = (
    "email.bounced",
    "email.clicked",
    "email.complained",
    "email.delivered",
    "email.delivery_delayed",
    "email.failed",
    "email.opened",
    "email.received",
    "email.scheduled",
    "email.sent",
    "email.suppressed",
)
BROKEN: Final = [
    (DROP_BEFORE, RetryLater),
    (DROP_AFTER, OutcomeUnknown),
    (refusal(500, "internal_server_error"), OutcomeUnknown),
    (Canned(status=200, json={}), OutcomeUnknown),
    (refusal(401, "restricted_api_key"), AuthFailed),
    (refusal(429, "rate_limit_exceeded"), RetryLater),
]


class DomainsSuite(Asking):
    """Domains."""

    async def test_a_domain_is_added_for_both_ways_and_tells_the_records_to_set(self) -> None:
        team = Team()

        added = await self.ask(team, lambda each: each.add_domain(DOMAIN))

        abilities = {"sending": "enabled", "receiving": "enabled"}
        assert team.asked == [("POST", "/domains", {"name": DOMAIN, "capabilities": abilities})]
        assert (added.domain, added.provider_id) == (DOMAIN, team.domains[0]["id"])
        assert added.standing.readiness is Readiness.PENDING
        assert "DNS records" in (added.standing.sentence or "")
        assert added.records == (
            DnsRecord(
                type="MX",
                name=f"send.{DOMAIN}",
                value="SPF-MX value",
                purpose="return_path",
                priority=10,
                found=False,
            ),
            DnsRecord(
                type="TXT",
                name=f"send.{DOMAIN}",
                value="SPF-TXT value",
                purpose="spf",
                found=False,
            ),
            DnsRecord(
                type="TXT",
                name=f"resend._domainkey.{DOMAIN}",
                value="DKIM-TXT value",
                purpose="dkim",
                found=False,
            ),
            DnsRecord(
                type="MX",
                name=DOMAIN,
                value="Receiving-MX value",
                purpose="inbound",
                priority=9,
                found=False,
            ),
        )

    @pytest.mark.parametrize("shown", ["send", "send.mail.shop.example", "send.mail.shop.example."])
    async def test_a_record_stands_under_its_whole_name_however_resend_writes_it(
        self, shown: str
    ) -> None:
        named = [{**records()[0], "name": shown}]
        team = Team(domains=[domain(DOMAIN, records=named)])

        found = await self.ask(team, lambda each: each.find_domain(DOMAIN))

        assert found is not None
        assert [each.name for each in found.records] == [f"send.{DOMAIN}"]

    async def test_a_domain_is_found_on_every_page_and_by_its_whole_name_alone(self) -> None:
        others = [domain(f"{n}.{DOMAIN}", n) for n in range(1, 6)]
        team = Team(domains=[*others, domain(DOMAIN.upper(), 9)], page_size=2)

        found = await self.ask(team, lambda each: each.find_domain(DOMAIN))

        assert found is not None
        assert found.domain == DOMAIN
        assert await self.ask(team, lambda each: each.find_domain("shop.example")) is None

    async def test_a_list_that_cannot_be_read_to_its_end_is_no_list(self) -> None:
        team = Team(domains=[domain(f"{n}.example", n) for n in range(1, 31)], page_size=2)

        with pytest.raises(OutcomeUnknown):
            await self.ask(team, lambda each: each.find_domain(DOMAIN))

    @pytest.mark.parametrize(
        ("status", "sending", "receiving", "readiness", "words"),
        [
            ("verified", "verified", "verified", Readiness.READY, None),
            ("partially_verified", "verified", "pending", Readiness.READY, "come in"),
            ("partially_failed", "verified", "failed", Readiness.READY, "come in"),
            ("pending", "pending", "pending", Readiness.PENDING, "wait"),
            ("not_started", "not_started", "not_started", Readiness.PENDING, "wait"),
            ("partially_verified", "pending", "verified", Readiness.PENDING, "wait"),
            ("pondering", "pondering", "pondering", Readiness.PENDING, "wait"),
            ("partially_failed", "failed", "verified", Readiness.REJECTED, "wrong or missing"),
            ("failed", "failed", "failed", Readiness.REJECTED, "wrong or missing"),
        ],
    )
    async def test_a_domain_is_ready_once_mail_may_go_out_from_it(
        self, status: str, sending: str, receiving: str, readiness: Readiness, words: str | None
    ) -> None:
        shown = domain(DOMAIN, status=status, records=records(sending, receiving))

        found = await self.ask(Team(domains=[shown]), lambda each: each.find_domain(DOMAIN))

        assert found is not None
        assert (found.standing.readiness, found.standing.vendor_status) == (readiness, status)
        sentence = found.standing.sentence
        assert sentence is None if words is None else words in (sentence or "")

    async def test_checking_has_resend_look_anew_and_tells_what_it_found(self) -> None:
        team = Team(domains=[domain(DOMAIN)], found_at_check="verified")
        known = team.domains[0]["id"]

        found = await self.ask(team, lambda each: each.check_domain(known))

        assert found.standing.readiness is Readiness.READY
        assert [each.found for each in found.records] == [True, True, True, False]
        assert ("POST", f"/domains/{known}/verify", None) in team.asked

    async def test_a_verified_domain_is_not_made_pending_by_a_check(self) -> None:
        team = Team(domains=[domain(DOMAIN, status="verified")])
        known = team.domains[0]["id"]

        found = await self.ask(team, lambda each: each.check_domain(known))

        assert found.standing.readiness is Readiness.READY
        assert team.called() == ["GET domains"]

    async def test_a_domain_that_is_removed_is_gone_and_may_be_so_already(self) -> None:
        team = Team(domains=[domain(DOMAIN)])
        known = team.domains[0]["id"]

        for _ in range(2):
            await self.ask(team, lambda each: each.remove_domain(known))

        assert team.domains == []

    async def test_a_404_that_is_not_resends_does_not_prove_that_a_domain_is_gone(self) -> None:
        team = Team(faults=[("DELETE", "/x", Canned(status=404, json={}), False)])
        with pytest.raises(Rejected):
            await self.ask(team, lambda each: each.remove_domain("x"))

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (refusal(403, "validation_error", "It has been registered already."), "another team"),
            (refusal(409, "conflict"), "another team"),
            (refusal(422, "validation_error"), "no such domain"),
        ],
    )
    async def test_a_domain_that_resend_does_not_take_is_refused_for_good(
        self, answer: Canned, words: str
    ) -> None:
        team = Team(faults=[("POST", "/domains", answer, False)])

        with pytest.raises(Rejected, match=words) as caught:
            await self.ask(team, lambda each: each.add_domain(DOMAIN))

        assert DOMAIN not in str(caught.value)

    @pytest.mark.parametrize(("answer", "kind"), BROKEN)
    async def test_what_fails_never_proves_that_there_is_no_domain(
        self, answer: Canned | Drop, kind: type[Exception]
    ) -> None:
        team = Team(faults=[(method, "/domains", answer, False) for method in ("GET", "POST")])

        with pytest.raises(kind):
            await self.ask(team, lambda each: each.find_domain(DOMAIN))
        with pytest.raises(kind):
            await self.ask(team, lambda each: each.add_domain(DOMAIN))

        assert len(team.asked) == 2


class WebhooksSuite(Asking):
    """Webhooks."""

    async def test_a_webhook_is_made_once_for_everything_and_its_secret_is_kept(self) -> None:
        team = Team(webhooks=[webhook("https://elsewhere.example/hook", 7)])

        for _ in range(2):
            set_ = await self.ask(team, lambda each: each.set_webhook(URL))

        ours = [each for each in team.webhooks if each["endpoint"] == URL]
        assert len(ours) == 1
        assert (set_.provider_id, set_.url, set_.events) == (ours[0]["id"], URL, EVENTS)
        assert team.secrets.kept == {"webhook_secret": ours[0]["signing_secret"]}
        assert team.called().count("POST webhooks") == 1
        assert "PATCH webhooks" not in team.called()

    @pytest.mark.parametrize(
        "changes", [{"events": ["email.sent", "contact.created"]}, {"status": "disabled"}]
    )
    async def test_one_that_tells_too_little_is_made_whole_and_keeps_what_else_it_tells(
        self, changes: dict[str, object]
    ) -> None:
        shown = webhook(URL, events=[*EVENTS, "contact.created"])
        team = Team(webhooks=[{**shown, **changes}])

        set_ = await self.ask(team, lambda each: each.set_webhook(URL))

        assert set(set_.events) == {*EVENTS, "contact.created"}
        assert team.webhooks[0]["status"] == "enabled"
        assert team.called().count("POST webhooks") == 0

    async def test_a_webhook_whose_answer_was_lost_is_found_with_its_secret(self) -> None:
        team = Team(faults=[("POST", "/webhooks", DROP_AFTER, True)])
        with pytest.raises(OutcomeUnknown):
            await self.ask(team, lambda each: each.set_webhook(URL))
        assert team.secrets.kept == {}

        await self.ask(team, lambda each: each.set_webhook(URL))

        assert len(team.webhooks) == 1
        assert team.secrets.kept == {"webhook_secret": secret(1)}

    async def test_of_several_for_one_address_the_oldest_stays(self) -> None:
        twins = [webhook(URL, number, [*EVENTS]) for number in (3, 1, 2)]
        team = Team(webhooks=twins, page_size=2)

        set_ = await self.ask(team, lambda each: each.set_webhook(URL))

        assert [each["id"] for each in team.webhooks] == [set_.provider_id]
        assert team.secrets.kept == {"webhook_secret": secret(1)}

    async def test_a_webhook_at_the_connections_own_door_is_the_same_and_moves(self) -> None:
        team = Team(webhooks=[webhook(URL.removesuffix("/email"), events=[*EVENTS])])

        set_ = await self.ask(team, lambda each: each.set_webhook(URL), webhook_secret=secret(1))

        assert set_.url == URL
        assert [each["endpoint"] for each in team.webhooks] == [URL]

    async def test_a_secret_of_another_webhook_in_the_settings_is_for_an_operator(self) -> None:
        team = Team()

        with pytest.raises(NotSetUp, match="webhook_secret"):
            await self.ask(team, lambda each: each.set_webhook(URL), webhook_secret=secret(9))

        assert team.secrets.kept == {}

    async def test_two_that_set_it_at_once_make_one_and_two_hubs_keep_the_same(self) -> None:
        team = Team()

        async def twice(resend: Any) -> None:
            await asyncio.gather(resend.set_webhook(URL), resend.set_webhook(URL))

        await self.ask(team, twice)
        assert team.called().count("POST webhooks") == 1

        other = webhook(URL, 2, [*EVENTS])
        team = Team(comes_between=other)
        set_ = await self.ask(team, lambda each: each.set_webhook(URL))

        assert [each["id"] for each in team.webhooks] == [set_.provider_id]
        assert set_.provider_id != other["id"], "the older one stays"

    async def test_what_is_read_back_counts(self) -> None:
        team = Team(webhooks=[webhook(URL, events=[*EVENTS])])
        known = team.webhooks[0]
        shown = Canned(status=200, json={**known, "status": "disabled"})
        team.faults = [("GET", known["id"], shown, False)]

        assert (await self.ask(team, lambda each: each.set_webhook(URL))).events == ()

    async def test_a_secret_that_cannot_be_kept_leaves_the_twins_alone(self) -> None:
        class Full(FakeSecrets):
            async def put(self, name: str, value: str) -> None:
                raise RuntimeError("the disk is full")

        twins = [webhook(URL, number, [*EVENTS]) for number in (1, 2)]
        team = replace(Team(webhooks=twins), secrets=Full())

        with pytest.raises(RuntimeError):
            await self.ask(team, lambda each: each.set_webhook(URL))

        assert len(team.webhooks) == 2

    @pytest.mark.parametrize(("answer", "kind"), BROKEN)
    async def test_a_list_that_fails_makes_no_second_webhook(
        self, answer: Canned | Drop, kind: type[Exception]
    ) -> None:
        team = Team(faults=[("GET", "/webhooks", answer, False)])

        with pytest.raises(kind):
            await self.ask(team, lambda each: each.set_webhook(URL))

        assert team.webhooks == []
