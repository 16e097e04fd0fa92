"""The WhatsApp page as people use it, in a real browser against a real demo."""

from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DemoHub

pytestmark = pytest.mark.slow
AVA, BEN = "+12025550101", "+12025550102"
SMALL, LARGE = (375, 667), (1280, 800)
AXE = resources.files("axe_playwright_python") / "axe.min.js"
HELLO: dict[str, Any] = {
    "templateId": "hello_en",
    "templateVars": [{"name": "1", "value": "you"}, {"name": "2", "value": "Ava"}],
}

TIMES = [{"id": "am", "label": "Morning"}, {"id": "pm", "label": "Afternoon"}]
DAYS = [{"label": day} for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")]

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, hub: DemoHub, phone: str) -> Iterator[OpenPage]:
    """Open the page of this test's person; it must not complain or look for anything elsewhere."""
    complaints: list[str] = []
    contexts = []

    def complain(of: str) -> None:
        if not of.startswith(hub.base_url):
            complaints.append(of)

    def opened(person: str = phone, to: str = AVA, size: tuple[int, int] = LARGE) -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: complain(said.text))
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("request", lambda asked: complain(asked.url))
        page.goto(f"{hub.base_url}/demo/whatsapp#{person}/{to}")
        page.locator("#conversations a").first.wait_for(state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def bubbles(page: Page) -> Locator:
    return page.locator(".bubble")


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def sends(hub: DemoHub, to: str, body: str = "", agent: str = "ava", **more: Any) -> dict[str, Any]:
    """Let an agent write by WhatsApp, whatever comes of it."""
    answer: dict[str, Any] = asked(
        hub, "comms_send_message", agent, channel="whatsapp", to=to, body=body, **more
    )
    return answer


def asked(hub: DemoHub, operation: str, agent: str = "ava", **arguments: Any) -> Any:
    [token] = [each["token"] for each in hub.facts["agents"] if each["agent_id"] == agent]
    return hub.client.post(
        f"/api/v1/tools/{operation}",
        json=arguments,
        headers={"Authorization": f"Bearer {token}"},
    ).json()


def until_status(hub: DemoHub, page: Page, message_id: str, status: str) -> None:
    for _ in range(200):
        if asked(hub, "comms_get_status", id=message_id)["status"] == status:
            return
        page.wait_for_timeout(50)
    raise AssertionError("never came")


def test_an_open_chat_reads_what_comes_and_the_agent_sees_it(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    expect(page.locator("#window")).to_contain_text("Not open yet. Ava may send templates only")
    sent = sends(hub, phone, **HELLO)

    expect(bubbles(page)).to_contain_text(["Hello you, this is Ava."])
    expect(bubbles(page)).to_contain_text(["Template · hello · en"])
    expect(bubbles(page).locator(".sees")).to_have_attribute("title", "Ava sees: read")
    until_status(hub, page, sent["messageId"], "read")


def test_a_chat_that_is_not_open_is_unread_and_grey(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page(to=BEN)
    sent = sends(hub, phone, **HELLO)
    ava = page.get_by_role("navigation").get_by_role("link", name="Ava")

    expect(ava).to_contain_text("1 unread")
    expect(page).to_have_title("(1) WhatsApp - Trunkline demo")
    until_status(hub, page, sent["messageId"], "delivered")
    ava.click()
    until_status(hub, page, sent["messageId"], "read")
    expect(page).to_have_title("WhatsApp - Trunkline demo")


def test_a_day_passes_and_a_template_brings_the_two_back_together(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    write(page, "Good morning")
    expect(page.locator("#window")).to_contain_text("Open for")
    expect(bubbles(page).first).to_contain_text("delivered to Ava")
    assert sends(hub, phone, "Good morning!")["status"] in {"sent", "delivered"}

    page.get_by_role("button", name="Let 24 hours pass").click()
    expect(page.locator("#window")).to_contain_text("Closed: 24 hours have passed.")
    assert sends(hub, phone, "Still there?")["providerCode"] == "window_closed"
    assert sends(hub, phone, "Hello?")["rule"] == "window"
    assert sends(hub, phone, **HELLO)["status"] in {"sent", "delivered"}
    expect(bubbles(page).last).to_contain_text("Template")
    write(page, "Here I am")
    expect(page.locator("#window")).to_contain_text("Open for")
    assert sends(hub, phone, "Good")["status"] in {"sent", "delivered"}
    expect(bubbles(page).last).to_contain_text("Good")


def test_who_blocks_an_agent_is_not_reached_and_the_agent_is_told(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    write(page, "Good morning")
    expect(page.locator("#window")).to_contain_text("Open for")
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.get_by_label("Your message")).to_be_hidden()
    sent = sends(hub, phone, "One more thing")

    expect(page.locator(".gone")).to_contain_text("did not arrive: you had blocked Ava")
    until_status(hub, page, sent["messageId"], "failed")
    page.get_by_role("button", name="Unblock").click()
    expect(page.get_by_label("Your message")).to_be_visible()


def test_a_reply_quotes_and_a_reaction_can_be_taken_back(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    sends(hub, phone, **HELLO)
    bubbles(page).first.hover()
    bubbles(page).first.get_by_role("button", name="Reply").click()
    expect(page.locator("#quoting")).to_contain_text("Ava Hello you")
    write(page, "Yes")
    expect(bubbles(page).last.locator(".quote")).to_contain_text("Hello you, this is Ava.")

    bubbles(page).first.get_by_role("button", name="React with 👍").click()
    expect(page.locator(".reaction")).to_contain_text("👍")
    bubbles(page).first.get_by_role("button", name="React with 👍").click()
    expect(page.locator(".reaction")).to_have_count(0)
    came = asked(hub, "comms_get_messages", contactNumber=phone)["messages"]
    reactions = [each for each in came if each["direction"] == "inbound"][:2]
    assert [each["body"] for each in reactions] == ["", "👍"]


def test_a_person_without_a_number_writes_under_their_id(hub: DemoHub, open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("You are").select_option("Add a person without a number")
    expect(page.get_by_label("You are")).to_have_value(page.url.partition("#")[2].partition("/")[0])
    page.get_by_role("navigation").get_by_role("link", name="Ava").click()
    write(page, "Who am I?")
    expect(bubbles(page)).to_contain_text(["delivered to Ava"])
    newest, *_ = asked(hub, "comms_get_messages", channel="whatsapp")["messages"]

    assert newest["body"] == "Who am I?"
    assert newest["from"].startswith("DE.")
    assert f"#{newest['from']}" in page.url


def test_a_tap_picks_once_and_the_agent_reads_which(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    write(page, "Please come by")
    expect(bubbles(page).first).to_contain_text("delivered to Ava")
    sends(hub, phone, "When?", choices=TIMES)
    page.get_by_role("group", name="Choices").get_by_role("button", name="Afternoon").click()
    expect(bubbles(page).last.locator(".quote")).to_contain_text("When?")
    expect(page.get_by_role("button", name="✓ Afternoon")).to_be_disabled()
    expect(page.get_by_role("button", name="Morning")).to_be_disabled()
    [shown] = asked(hub, "comms_get_messages", contactNumber=phone, limit=1)["messages"]
    assert shown["choice"] == {"id": "pm", "label": "Afternoon"}

    sends(hub, phone, "Which day?", choices=DAYS)
    page.get_by_text("Choose: 5 choices").click()
    page.get_by_role("button", name="Thursday").click()
    expect(page.get_by_text("✓ Thursday").first).to_be_visible()
    [shown] = asked(hub, "comms_get_messages", contactNumber=phone, limit=1)["messages"]
    assert (shown["body"], shown["choice"]["id"]) == ("Thursday", "4")


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_nothing_is_hard_to_read_to_reach_or_off_the_screen(
    hub: DemoHub, phone: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(size=size)
    sends(hub, phone, **HELLO)
    write(page, "A long text, as people write them when they have something to tell. " * 4)
    expect(bubbles(page).last).to_contain_text("delivered to Ava")  # the window is open
    sends(hub, phone, "A map", mediaUrl="https://example.com/map.png")
    sends(hub, phone, "When?", choices=TIMES)
    sends(hub, phone, "Which day?", choices=DAYS)
    expect(bubbles(page)).to_have_count(5)
    page.get_by_text("Choose: 5 choices").click()
    page.evaluate(AXE.read_text())

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    everything: list[str] = []
    for scheme, rules in (("light", everything), ("dark", ["color-contrast"])):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = page.evaluate(
            "rules => axe.run(document, rules.length ? {runOnly: rules} : {})", rules
        )
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert "color-contrast" in {each["id"] for each in found["passes"]}
