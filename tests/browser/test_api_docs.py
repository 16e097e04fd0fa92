"""The page that shows the API, in a real browser under its own strict policy."""

from collections.abc import Iterator
from importlib import resources

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DemoHub

pytestmark = pytest.mark.slow
AXE = resources.files("axe_playwright_python") / "axe.min.js"


@pytest.fixture
def page(browser: Browser, hub: DemoHub) -> Iterator[Page]:
    """The page, which must not complain or look for anything elsewhere."""
    complaints: list[str] = []

    def complain(url: str) -> None:
        if not url.startswith((hub.base_url, "data:")):
            complaints.append(url)

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    opened.on("console", lambda said: complaints.append(said.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: complain(asked.url))
    opened.goto(f"{hub.base_url}/admin/api-docs")
    yield opened
    context.close()
    assert [each for each in complaints if "status of 401" not in each] == []


def test_a_wrong_token_is_refused_in_a_sentence_for_a_person(page: Page) -> None:
    page.get_by_label("Token").fill("tl_admin_0_0")
    page.get_by_role("button", name="Show the API").click()

    expect(page.get_by_role("alert")).to_contain_text("does not take this token")
    expect(page.get_by_text("Nothing reaches a real phone.")).to_be_visible()


def test_a_token_shows_its_operations_and_calls_them_and_is_kept_nowhere(
    page: Page, hub: DemoHub
) -> None:
    token = hub.facts["agents"][0]["token"]
    page.get_by_label("Token").fill(token)
    page.get_by_label("Token").press("Enter")
    operation = page.locator("#operations-tools-comms_get_channel_status")
    operation.locator("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("textarea").fill("{}")
    operation.get_by_role("button", name="Execute").click()

    answered = operation.locator(".live-responses-table tbody .response-col_status")
    expect(answered).to_contain_text("200")
    assert token not in page.url
    assert token not in page.content()
    assert (
        page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        == '[{},{},""]'
    )


def test_the_form_is_accessible(page: Page) -> None:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(told => told.violations.map(each => each.id))")

    assert found == []
