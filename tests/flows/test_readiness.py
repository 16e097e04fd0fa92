"""What may not be used yet is refused by the gate, before a provider or a carrier does."""

from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.test_provisioning import WHOLE, account, provision

ANNA = "+12025550150"


async def refused(by: Caller, channel: str, to: str, **more: str) -> tuple[int, str, str]:
    response = await by.post(
        "comms_send_message", {"channel": channel, "to": to, "body": "Hello", **more}
    )
    problem = response.json()
    return response.status_code, problem["code"], problem["detail"]


async def ready(hub: Served, channel: str) -> None:
    """Wait until the hub has looked again."""

    async def read() -> str:
        [row] = hub.rows("SELECT status FROM agent_addresses WHERE channel = ?", channel)
        status: str = row["status"]
        return status

    await hub.until(read, lambda status: status == "ready")


async def test_a_us_number_without_a_campaign_texts_nobody_and_a_sender_in_review_neither(
    start_hub: StartHub,
) -> None:
    toml = WHOLE.replace("review_ms = 0", "review_ms = 600000\nus_registration = true")
    async with start_hub(toml=toml) as hub:
        admin = await hub.admin()

        given = await provision(admin, "ada", capabilities={"phone": True, "whatsapp": True})

        ada = hub.caller(given["securityToken"])
        assert given["channels"]["phone"]["status"] == "missing"
        assert given["channels"]["whatsapp"]["status"] == "pending_review"
        status, code, detail = await refused(ada, "sms", ANNA)
        assert (status, code) == (424, "not_configured")
        assert "register a brand and a campaign first" in detail
        status, code, detail = await refused(ada, "whatsapp", ANNA)
        assert (status, code) == (424, "not_ready")
        assert "in review" in detail
        assert (await hub.client.get("/demo/counts")).json()["accepted"] == 0
        assert hub.count("messages") == 0


async def test_a_sender_is_used_once_its_review_is_over(start_hub: StartHub) -> None:
    toml = WHOLE.replace("review_ms = 0", "review_ms = 100")
    async with start_hub(toml=toml) as hub:
        admin = await hub.admin()

        given = await provision(admin, "ada", capabilities={"phone": True, "whatsapp": True})

        assert given["channels"]["whatsapp"]["status"] == "active"  # the call waited for it
        ada = hub.caller(given["securityToken"])
        status, code, _ = await refused(ada, "whatsapp", ANNA)
        assert (status, code) != (424, "not_ready")


async def test_a_domain_whose_records_are_half_there_says_which_are_missing(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=WHOLE.replace('"agents.example"', '"acme.example"')) as hub:
        admin = await hub.admin()

        given = await provision(admin, "ada", capabilities={"email": True})
        mail = given["channels"]["email"]
        ada = hub.caller(given["securityToken"])
        none_there = await refused(ada, "email", "anna@people.example", subject="Hi")
        records = "/demo/domains/acme.example/records"
        await hub.client.post(records, json={"found": ["dkim", "spf"]})
        again = await hub.until(
            lambda: provision(admin, "ada", capabilities={"email": True}),
            lambda now: (
                "return_path" in now["channels"]["email"]["reason"]
                and "dkim" not in now["channels"]["email"]["reason"]
            ),
        )
        await hub.client.post(records, json={"found": ["dkim", "spf", "return_path"]})
        await ready(hub, "email")
        sent = await ada.call(
            "comms_send_message",
            channel="email",
            to="anna@people.example",
            subject="Hi",
            body="Hello",
        )

        assert mail["status"] == "pending_review"
        assert {each["purpose"] for each in mail["records"]} == {"dkim", "spf", "return_path"}
        assert none_there[:2] == (424, "not_ready")
        assert "Records are missing: dkim, spf, return_path." in none_there[2]
        found = {each["purpose"]: each["found"] for each in again["channels"]["email"]["records"]}
        assert found == {"dkim": True, "spf": True, "return_path": False}
        assert sent["status"] in ("sent", "delivered")
        assert len((await account(hub))["domains"]) == 1


async def test_an_address_that_was_given_by_hand_is_taken_as_it_is(
    served: Served, ann: Caller
) -> None:
    assert (await ann.send(ANNA, "Hello"))["status"] in ("sent", "delivered")
