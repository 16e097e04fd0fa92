"""The handset page as people use it, in a real browser against a real demo."""

from collections.abc import Callable, Iterator
from importlib import resources

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import DemoHub

pytestmark = pytest.mark.slow
AVA, BEN, NOBODY = "+12025550101", "+12025550102", "+12025550140"
SMALL, LARGE = (375, 667), (1280, 800)
AXE = resources.files("axe_playwright_python") / "axe.min.js"
PIXEL = (
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)

SERVED_503 = "the server responded with a status of 503"  # by the test itself

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, hub: DemoHub, phone: str) -> Iterator[OpenPage]:
    """Open the page of this test's phone; it must not complain or look for anything elsewhere."""
    complaints: list[str] = []
    contexts = []

    def complain(of: str) -> None:
        if SERVED_503 not in of and not of.startswith(hub.base_url):
            complaints.append(of)

    def opened(to: str | None = AVA, size: tuple[int, int] = LARGE, scheme: str = "light") -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5_000)
        page.on("console", lambda said: complain(said.text))
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("request", lambda asked: complain(asked.url))
        page.goto(f"{hub.base_url}/demo/#{phone}" + (f"/{to}" if to else ""))
        page.locator("#conversations a").first.wait_for(state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def bubbles(page: Page) -> Locator:
    return page.locator(".bubble")


def write(page: Page, text: str, key: str = "Enter") -> None:
    page.get_by_label("Your text").fill(text)
    page.get_by_label("Your text").press(key)


def hold_replies(page: Page) -> list[Route]:
    """Let what is written wait on its way, as on a slow network, until the test lets it go."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/reply", hold)
    return held


def box(found: Locator) -> tuple[float, float, float, float]:
    """Return where an element is: left, top, right, bottom."""
    place = found.bounding_box()
    assert place is not None
    return place["x"], place["y"], place["x"] + place["width"], place["y"] + place["height"]


def fill(hub: DemoHub, phone: str, texts: int) -> None:
    for number in range(texts // 2):
        hub.send("ava", phone, f"Text {number} of Ava, of about the length that texts have.")
        hub.write(phone, AVA, f"Answer {number}")


# --- what one sees --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_case_f4_everything_that_writing_needs_is_on_the_screen(
    hub: DemoHub, phone: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    fill(hub, phone, 30)
    page = open_page(size=size)
    expect(bubbles(page)).to_have_count(30)

    for found in (page.get_by_role("button", name="Send"), bubbles(page).last):
        left, top, right, bottom = box(found)
        assert left >= 0
        assert top >= 0
        assert right <= size[0]
        assert bottom <= size[1]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_case_f4_conversations_have_the_agents_names_and_numbers(open_page: OpenPage) -> None:
    page = open_page(None, SMALL)

    entries = page.get_by_role("navigation").get_by_role("link")
    expect(entries).to_contain_text(["Ava", "Ben"])
    expect(entries.first).to_contain_text("+1 202 555 0101")
    entries.first.click()
    expect(page.get_by_role("heading", name="Ava")).to_be_visible()
    expect(page.get_by_role("navigation")).to_be_hidden()
    page.get_by_role("link", name="All texts").click()
    expect(entries.first).to_be_visible()


def test_case_f4_own_and_other_bubbles_differ_in_place_and_colour(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    hub.send("ava", phone, "Hello from Ava")
    hub.write(phone, AVA, "Hello from me")
    page = open_page(size=SMALL)
    theirs, own = bubbles(page).nth(0), bubbles(page).nth(1)

    expect(theirs).to_contain_text("Ava: Hello from Ava")
    expect(own).to_contain_text("You: Hello from me")
    assert box(theirs)[0] < 30
    assert box(own)[2] > SMALL[0] - 30
    colour = "found => getComputedStyle(found).backgroundColor"
    assert theirs.evaluate(colour) != own.evaluate(colour)


@pytest.mark.parametrize(("opened", "size"), [(None, SMALL), (AVA, LARGE), (NOBODY, LARGE)])
def test_case_f4_nothing_is_hard_to_read_or_to_reach(
    hub: DemoHub, phone: str, open_page: OpenPage, opened: str | None, size: tuple[int, int]
) -> None:
    hub.send("ava", phone, "A map", mediaUrl="https://example.com/map.png")
    hub.write(phone, AVA, "Thanks")
    hub.write(phone, NOBODY, "Anybody?")
    page = open_page(opened, size)
    page.evaluate(AXE.read_text())

    everything: list[str] = []
    for scheme, rules in (("light", everything), ("dark", ["color-contrast"])):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = page.evaluate(
            "rules => axe.run(document, rules.length ? {runOnly: rules} : {})", rules
        )
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert "color-contrast" in {each["id"] for each in found["passes"]}


# --- writing --------------------------------------------------------------------------------------


def test_case_f4_enter_sends_and_shift_enter_makes_a_line(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    write(page, "one", "Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")

    expect(bubbles(page)).to_contain_text(["one\ntwo"])
    expect(bubbles(page)).to_contain_text(["Delivered"])
    expect(page.get_by_label("Your text")).to_have_value("")
    expect(page.get_by_label("Your text")).to_be_focused()
    assert hub.written(phone) == ["one\ntwo"]


def test_case_f4_a_double_click_on_a_slow_network_sends_once(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    held = hold_replies(page)
    page.get_by_label("Your text").fill("once")
    page.get_by_role("button", name="Send").dblclick()
    page.get_by_label("Your text").press("Enter")
    expect(bubbles(page)).to_contain_text(["Sending…"])
    assert len(held) == 1

    held[0].continue_()

    expect(bubbles(page)).to_contain_text(["Delivered"])
    expect(bubbles(page)).to_have_count(1)
    assert len(held) == 1
    assert hub.written(phone) == ["once"]


def test_case_f4_a_held_key_sends_once(hub: DemoHub, phone: str, open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("Your text").fill("held")
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")

    expect(bubbles(page)).to_contain_text(["Delivered"])
    assert hub.written(phone) == ["held"]


def test_case_f4_texts_written_in_a_row_keep_their_order(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    held = hold_replies(page)
    for text in ("one", "two", "three"):
        write(page, text)
    expect(bubbles(page)).to_contain_text(["one", "two", "three"])
    hub.send("ava", phone, "meanwhile")
    expect(bubbles(page)).to_contain_text(["meanwhile", "one", "two", "three"])

    for number in range(3):
        expect(page.locator('[data-status="sending"]')).to_have_count(3 - number)
        _until(page, lambda: len(held) > 0)
        held.pop().continue_()
    expect(page.locator('[data-status="sent"]')).to_have_count(3)
    assert hub.written(phone) == ["one", "two", "three"]


def _until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        page.wait_for_timeout(10)
    raise AssertionError("never came")


def test_case_f4_a_lost_answer_is_not_called_sent_and_may_be_written_again(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    page.route("**/reply", lambda route: route.fulfill(status=200, body="cut o"))
    write(page, "lost")
    expect(bubbles(page)).to_contain_text(["Unknown. No answer came"])
    assert "Delivered" not in bubbles(page).inner_text()

    page.unroute("**/reply")
    page.get_by_role("button", name="Write again").click()
    expect(page.get_by_label("Your text")).to_have_value("lost")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_contain_text(["Delivered"])
    assert hub.written(phone) == ["lost"]


def test_case_f4_a_number_that_nobody_has_is_said_to_answer_nothing(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    page.get_by_label("Another number").fill("+1 (202) 555-0140")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="+1 202 555 0140")).to_be_visible()
    expect(page.locator("#hint")).to_contain_text("No agent has this number")
    write(page, "Anybody?")

    expect(bubbles(page)).to_contain_text(["Not delivered. Nobody answers there"])
    page.reload()
    expect(bubbles(page)).to_contain_text(["Not delivered. Nobody answers there"])
    assert "Sent" not in bubbles(page).inner_text()


def test_what_is_no_number_is_not_opened(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("Another number").fill("Ava")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("+12025550103")
    expect(page.get_by_role("heading", name="Ava")).to_be_visible()


def test_the_keyboard_alone_will_do(hub: DemoHub, phone: str, open_page: OpenPage) -> None:
    page = open_page(BEN)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "Skip to writing"
    page.keyboard.type("by hand")
    page.keyboard.press("Enter")

    expect(bubbles(page)).to_contain_text(["Delivered"])
    assert hub.written(phone) == ["by hand"]


def test_an_agents_own_number_is_for_reading(hub: DemoHub, open_page: OpenPage) -> None:
    hub.send("ava", BEN, "From agent to agent")
    page = open_page()
    page.goto(f"{hub.base_url}/demo/#{BEN}/{AVA}")

    expect(bubbles(page)).to_contain_text(["From agent to agent"])
    expect(page.get_by_label("Your text")).to_be_hidden()


# --- what comes -----------------------------------------------------------------------------------


def test_case_f4_what_comes_is_shown_without_a_reload_and_counted_elsewhere(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    page = open_page()
    hub.send("ava", phone, "Good morning")
    expect(bubbles(page)).to_contain_text(["Good morning"])

    hub.send("ben", phone, "And from me")
    expect(page.get_by_role("navigation").get_by_role("link").first).to_contain_text("1 unread")
    expect(page).to_have_title("(1) Handset - Trunkline demo")
    page.get_by_role("link", name="Ben").click()
    expect(bubbles(page)).to_contain_text(["And from me"])
    expect(page).to_have_title("Handset - Trunkline demo")


def test_case_f4_who_reads_older_texts_is_not_moved(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    fill(hub, phone, 30)
    page = open_page(size=SMALL)
    expect(bubbles(page)).to_have_count(30)
    scroller = page.locator("#scroller")
    scroller.evaluate("found => { found.scrollTop = 200 }")

    hub.send("ava", phone, "News")
    expect(page.get_by_role("button", name="New texts")).to_be_visible()
    assert scroller.evaluate("found => found.scrollTop") == 200

    page.get_by_role("button", name="New texts").click()
    expect(bubbles(page).last).to_be_in_viewport()
    hub.send("ava", phone, "More news")
    expect(bubbles(page).last).to_contain_text("More news")
    expect(bubbles(page).last).to_be_in_viewport(ratio=1)


def test_case_f4_a_text_is_shown_as_it_was_written(
    hub: DemoHub, phone: str, open_page: OpenPage
) -> None:
    markup = "<img src=x onerror=alert(1)><b>bold</b> &amp; {{7*7}}"
    hub.send("ava", phone, markup)
    page = open_page()

    expect(bubbles(page)).to_contain_text([markup])
    assert page.locator(".bubble img, .bubble b, #conversations b").count() == 0


def test_case_f4_a_picture_is_fetched_only_when_it_is_asked_for(
    hub: DemoHub, phone: str, browser: Browser
) -> None:
    hub.send("ava", phone, "A map", mediaUrl="https://pictures.example/map.png")
    with browser.new_context() as context:
        page = context.new_page()
        asked: list[str | None] = []

        def serve(route: Route) -> None:
            asked.append(route.request.header_value("referer"))
            route.fulfill(body=bytes.fromhex(PIXEL), content_type="image/png")

        page.route("https://pictures.example/**", serve)
        page.goto(f"{hub.base_url}/demo/#{phone}/{AVA}")
        show = page.get_by_role("button", name="Show picture")
        show.wait_for()
        assert asked == []

        show.click()
        picture = page.get_by_role("img", name="Picture from Ava")
        expect(picture).to_be_visible()
        _until(page, lambda: bool(picture.evaluate("found => found.naturalWidth")))
        assert asked == [None]


def test_a_hub_that_does_not_answer_is_said_to_and_found_again(open_page: OpenPage) -> None:
    page = open_page()
    page.route("**/messages", lambda route: route.fulfill(status=503, body="{}"))
    expect(page.get_by_role("status")).to_contain_text("The hub answered 503.")

    page.unroute("**/messages")
    expect(page.get_by_role("status")).to_be_hidden()
