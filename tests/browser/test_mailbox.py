"""The mail page as people use it, in a real browser against a real demo."""

from collections.abc import Callable, Iterator
from importlib import resources
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DemoHub

pytestmark = pytest.mark.slow
AVA = "ava@agents.example"
SMALL, LARGE = (375, 667), (1280, 800)
AXE = resources.files("axe_playwright_python") / "axe.min.js"
EVIL = (
    '<h1>Your order</h1><img src="https://tracker.example/p.png" alt="Tracker">'
    "<img src=x onerror=\"top.document.title='owned'\">"
    "<script>top.document.title = 'owned'</script>"
)
REFUSED = "the server responded with a status of 422"  # which the page tells in words
_BOXES = count(1)

OpenPage = Callable[..., Page]


@pytest.fixture
def box() -> str:
    """A mailbox that no other test of this process has."""
    return f"anna{next(_BOXES)}@people.example"


@pytest.fixture
def open_page(browser: Browser, hub: DemoHub, box: str) -> Iterator[OpenPage]:
    """Open this test's mailbox; the page must not complain or look for anything elsewhere."""
    complaints: list[str] = []
    contexts = []

    def complain(of: str) -> None:
        if REFUSED not in of and not of.startswith(hub.base_url):
            complaints.append(of)

    def opened(size: tuple[int, int] = LARGE) -> Page:
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
        page.goto(f"{hub.base_url}/demo/mailbox#{box}")
        page.locator("#box").get_by_text(box).wait_for(state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def mail(hub: DemoHub, box: str, **more: Any) -> None:
    """Let Ava write a mail, which must be taken."""
    token = hub.facts["agents"][0]["token"]
    given = {"channel": "email", "to": box, "subject": "Order 18", "body": "On its way.", **more}
    response = hub.client.post(
        "/api/v1/tools/comms_send_message",
        json=given,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert response.json().get("status") == "sent", response.text


def inbox(hub: DemoHub) -> list[dict[str, Any]]:
    """Return what Ava has, newest first."""
    token = hub.facts["agents"][0]["token"]
    response = hub.client.post(
        "/api/v1/tools/comms_get_messages",
        json={"channel": "email"},
        headers={"Authorization": f"Bearer {token}"},
    )
    found: list[dict[str, Any]] = response.json()["messages"]
    return found


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_mail_is_read_and_answered_in_its_thread(
    hub: DemoHub, box: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    mail(hub, box, cc=["cee@people.example"], mediaUrl="https://files.example/invoice.pdf")
    page = open_page(size)
    if size == SMALL:
        page.get_by_role("link", name="Order 18").click()
    opened = page.locator(".mail[open]")
    expect(opened).to_contain_text(f"to {box} · cc cee@people.example")
    expect(opened.get_by_role("list", name="Attachments")).to_contain_text("invoice.pdf")

    opened.get_by_role("button", name="Reply").click()
    page.get_by_label("Your mail").fill("When is it here?")
    page.get_by_role("button", name="Send").dblclick()

    expect(page.locator(".mail")).to_have_count(2)
    expect(page.locator(".mail").last).to_contain_text("When is it here?")
    expect(page.get_by_label("Your mail")).to_be_hidden()
    (came, sent, *_) = inbox(hub)
    assert (came["from"], came["subject"]) == (box, "Re: Order 18")
    assert came["threadId"] == sent["threadId"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_long_address_leaves_its_row_and_its_card_whole(
    hub: DemoHub, open_page: OpenPage, box: str, size: tuple[int, int]
) -> None:
    far = f"a.very.long.address.of.somebody@a-{'rather-long-' * 4}name.people.example"
    given = {"to": AVA, "cc": [box], "subject": "Hello", "html": "<p>Hi</p>"}
    posted = hub.client.post(f"/demo/mailboxes/{far}/mails", json=given)
    assert posted.is_success, posted.text
    page = open_page(size)
    if size == SMALL:
        page.get_by_role("link", name="Hello").click()
    inside = """(whole) => [...document.querySelectorAll(whole)]
      .filter((each) => each.checkVisibility())
      .every((each) => [...each.querySelectorAll("*")].every((part) =>
        part.getBoundingClientRect().right <= each.getBoundingClientRect().right + 1))"""
    expect(page.locator(".mail")).to_have_count(1)

    expect(page.locator(".entries .preview")).to_have_text("(HTML without a text part)")
    assert page.evaluate(inside, ".entries a")
    assert page.evaluate(inside, ".mail summary")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_click_on_a_choice_writes_the_answer_and_the_agent_reads_which(
    hub: DemoHub, box: str, open_page: OpenPage
) -> None:
    choices = [{"label": "Mornings + noon"}, {"id": "pm", "label": "Afternoon & evening"}]
    mail(hub, box, html="<p>When?</p>", choices=choices)
    page = open_page()
    page.frame_locator(".mail iframe").get_by_role("link", name="Afternoon").click()
    expect(page.get_by_label("Your mail")).to_have_value("Afternoon & evening")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".mail")).to_have_count(2)

    (came, sent, *_) = inbox(hub)
    assert came["choice"] == {"id": "pm", "label": "Afternoon & evening"}
    assert (came["threadId"], came["subject"]) == (sent["threadId"], "Re: Order 18")


def test_a_link_that_writes_to_somebody_else_is_a_new_mail(
    hub: DemoHub, box: str, open_page: OpenPage
) -> None:
    link = '<a href="mailto:bob+a@people.example?subject=1%20%2B%201&amp;body=Is%20it+2?">Ask</a>'
    mail(hub, box, html=link)
    page = open_page()
    page.frame_locator(".mail iframe").get_by_role("link", name="Ask").click()

    expect(page.get_by_label("Your mail")).to_have_value("Is it+2?")
    expect(page.get_by_label("To", exact=True)).to_have_value("bob+a@people.example")
    expect(page.get_by_label("Subject")).to_have_value("1 + 1")


def test_nothing_of_a_script_in_a_mail_runs_and_no_picture_is_fetched(
    hub: DemoHub, box: str, open_page: OpenPage
) -> None:
    mail(hub, box, html=EVIL)
    page = open_page()

    drawn = page.frame_locator("iframe[title='The mail as its sender drew it']")
    expect(drawn.get_by_role("heading", name="Your order")).to_be_visible()
    expect(page).to_have_title("Mail - Trunkline demo")
    assert "allow-scripts" not in (page.locator("iframe").get_attribute("sandbox") or "")
    page.get_by_role("button", name="Show the text part").click()
    expect(page.locator(".written")).to_have_text("On its way.")


def test_a_new_mail_reaches_an_agent_and_one_to_nobody_says_so(
    hub: DemoHub, box: str, open_page: OpenPage
) -> None:
    page = open_page()
    for to in ("nobody", "eve@agents.example", AVA):
        if page.get_by_label("To", exact=True).is_hidden():
            page.get_by_role("button", name="New mail").click()
        page.get_by_label("To", exact=True).fill(to)
        page.get_by_label("Subject").fill(f"Hello {to}")
        page.get_by_label("Your mail").fill("Anybody there?")
        page.get_by_role("button", name="Send").click()
        if to == "nobody":
            expect(page.get_by_role("alert")).to_have_text("to: give bare e-mail addresses.")
        else:
            expect(page.get_by_role("heading", name=f"Hello {to}")).to_be_visible()
        if to.startswith("eve"):
            expect(page.locator(".mail .flags")).to_contain_text("no agent has this address")

    assert inbox(hub)[0]["subject"] == f"Hello {AVA}"


def test_a_mail_bounces_and_its_source_is_shown(
    hub: DemoHub, box: str, open_page: OpenPage
) -> None:
    mail(hub, box)
    page = open_page()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Raw source").click()
    expect(page.get_by_role("dialog")).to_contain_text("Subject: Order 18")
    page.get_by_role("button", name="Close").click()

    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Bounce: no such mailbox").click()

    expect(page.locator(".mail .flags")).to_have_text("It bounced: there is no such mailbox.")


def test_a_mailbox_that_is_away_answers_by_itself(
    hub: DemoHub, box: str, open_page: OpenPage
) -> None:
    page = open_page()
    page.get_by_label("When mail comes").select_option("away")
    expect(page.locator("#mode[data-mode='away']")).to_be_attached()
    mail(hub, box)

    expect(page.locator(".mail")).to_have_count(2)
    expect(page.locator(".mail").last).to_contain_text("A program wrote it")
    assert inbox(hub)[0]["automatic"] is True


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_nothing_is_hard_to_read_or_to_reach(
    hub: DemoHub, box: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    mail(hub, box, html="<p>Hello</p>", mediaUrl="https://files.example/invoice.pdf")
    page = open_page(size)
    if size == SMALL:
        page.get_by_role("link", name="Order 18").click()
    page.locator(".mail[open]").get_by_role("button", name="Reply").click()
    page.evaluate(AXE.read_text())

    everything: list[str] = []
    for scheme, rules in (("light", everything), ("dark", ["color-contrast"])):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = page.evaluate(
            "rules => axe.run({exclude: ['iframe']}, rules.length ? {runOnly: rules} : {})", rules
        )
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
