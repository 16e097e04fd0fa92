"""Calls on the handset page as people take and make them, in a real browser against a real demo."""

from collections.abc import Callable, Iterator
from importlib import resources

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DemoHub

pytestmark = pytest.mark.slow
AVA = "+12025550101"
SMALL, LARGE = (375, 667), (1280, 800)
AXE = resources.files("axe_playwright_python") / "axe.min.js"
LISTENING_S = 20
"""The longest that a message with its notice lasts before the tone, on a machine that is busy."""

PIXEL = (
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)

NOTE_WHAT_PLAYS = """
window.heard = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.addEventListener("ended", () => heard.push(this.currentTime), { once: true, capture: true });
  return play.call(this);
};
"""

OpenPhone = Callable[..., Page]


@pytest.fixture
def open_phone(browser: Browser, hub: DemoHub, phone: str) -> Iterator[OpenPhone]:
    """Open the page of this test's phone; it must not complain or look for anything elsewhere."""
    complaints: list[str] = []
    contexts = []

    def complain(of: str) -> None:
        if not of.startswith(hub.base_url):
            complaints.append(of)

    def opened(size: tuple[int, int] = LARGE, *, microphone: bool = True) -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            permissions=["microphone"] if microphone else [],
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.add_init_script(NOTE_WHAT_PLAYS)
        page.on("console", lambda said: complain(said.text))
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("request", lambda asked: complain(asked.url))
        page.goto(f"{hub.base_url}/demo/#{phone}/{AVA}")
        page.locator("#conversations a").first.wait_for(state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def answer(page: Page) -> None:
    page.get_by_role("button", name="Answer").click()


def until_asked(page: Page) -> None:
    """Wait for the tone, after which one may speak."""
    words = page.get_by_label("Type what you say")
    expect(words).to_be_visible(timeout=LISTENING_S * 1000)


def until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(100):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come about")


@pytest.mark.parametrize("by_mcp", [False, True], ids=["rest", "mcp"])
def test_a_voice_message_rings_is_heard_and_answered_by_typing(
    hub: DemoHub, phone: str, open_phone: OpenPhone, by_mcp: bool
) -> None:
    page = open_phone()
    text = "Your table is ready. Will you come?"
    message_id = hub.call("ava", phone, text, record=True, by_mcp=by_mcp)
    expect(page.get_by_role("alert").filter(has_text="Ava is calling")).to_be_visible()
    expect(page).to_have_title("Ava is calling - Handset - Trunkline demo")
    expect(page.get_by_text("Your table is ready")).to_have_count(0)

    answer(page)
    expect(page.get_by_role("log", name="What is said")).to_contain_text("Your table is ready.")
    until_asked(page)
    said = page.get_by_role("log", name="What is said")
    expect(said).to_contain_text("answer after the tone")  # of those who do not hear it
    until(page, lambda: len(page.evaluate("heard")) == 2)  # the message, then the notice
    assert min(page.evaluate("heard")) > 0.5
    expect(page.get_by_label("Type what you say")).to_be_focused()
    page.keyboard.type("Yes please")
    page.keyboard.press("Enter")
    expect(page.locator("#call-said .own")).to_contain_text("Yes please")
    page.get_by_role("button", name="Hang up").click()

    history = page.get_by_role("log", name="Texts")
    expect(history).to_contain_text("You: Yes please")
    expect(page.get_by_role("button", name="Answer")).to_be_hidden()
    until(page, lambda: any("transcript" in each for each in hub.came_in("ava", phone)))
    [came] = hub.came_in("ava", phone)
    assert [each["type"] for each in came["attachments"]] == ["audio/wav"]
    assert came["replyTo"] == message_id
    assert came["transcript"].lower() == "yes please"  # by whatever recogniser the demo has
    until(page, lambda: status(hub, message_id) == "delivered")


def status(hub: DemoHub, message_id: str) -> str:
    found: str = hub.ask("ava", "comms_get_status", id=message_id)["status"]
    return found


def test_the_page_opens_on_the_phone_that_the_demo_names_whoever_wrote_last(
    hub: DemoHub, phone: str, open_phone: OpenPhone
) -> None:
    hub.write(phone, AVA, "Hello")
    page = open_phone()
    page.goto("about:blank")
    page.goto(f"{hub.base_url}/demo/")
    page.locator("#conversations a").first.wait_for(state="attached")

    assert page.locator("#phone").input_value() == hub.facts["handset"]["phone"]


def test_a_call_that_is_declined_is_told_to_the_agent(
    hub: DemoHub, phone: str, open_phone: OpenPhone
) -> None:
    page = open_phone()
    message_id = hub.call("ava", phone, "Can you talk?")
    page.get_by_role("button", name="Decline").click()

    expect(page.get_by_role("log", name="Texts")).to_contain_text("Call not taken")
    until(page, lambda: status(hub, message_id) == "failed")


def test_a_person_calls_an_agent_and_speaks_into_the_microphone(
    hub: DemoHub, phone: str, open_phone: OpenPhone
) -> None:
    page = open_phone()
    page.get_by_role("button", name="Call Ava").click()
    until_asked(page)
    page.get_by_role("button", name="Speak", exact=True).click()
    done = page.get_by_role("button", name="Done")
    expect(done).to_be_visible()
    page.wait_for_timeout(1_500)  # what is said lasts a while
    done.click()
    expect(page.locator("#call-said .own")).to_contain_text("(sound, 0:0")
    page.get_by_role("button", name="Hang up").click()

    expect(page.get_by_role("log", name="Texts")).to_contain_text("You called")
    until(page, lambda: len(hub.came_in("ava", phone)) == 1)
    [came] = hub.came_in("ava", phone)
    assert came["mediaCount"] == 1
    assert came["durationSeconds"] >= 1


def test_without_a_microphone_one_is_told_to_type(
    hub: DemoHub, phone: str, open_phone: OpenPhone
) -> None:
    page = open_phone(microphone=False)
    page.get_by_role("button", name="Call Ava").click()
    until_asked(page)
    page.get_by_role("button", name="Speak", exact=True).click()

    expect(page.get_by_role("alert").filter(has_text="type instead")).to_be_visible()


def test_what_the_hub_itself_serves_is_shown_as_what_it_is(
    hub: DemoHub, phone: str, open_phone: OpenPhone
) -> None:
    [token] = [each["token"] for each in hub.facts["agents"] if each["agent_id"] == "ava"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/png"}
    uploaded = hub.client.post("/api/v1/media", content=bytes.fromhex(PIXEL), headers=headers)
    assert uploaded.status_code == 201, uploaded.text
    page = open_phone()
    hub.send("ava", phone, "A map", mediaUrl=uploaded.json()["id"])

    picture = page.get_by_role("img", name="Picture from Ava")
    expect(picture).to_be_visible()
    until(page, lambda: bool(picture.evaluate("found => found.naturalWidth")))


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_call_fits_the_screen_and_has_no_known_barrier(
    hub: DemoHub, phone: str, open_phone: OpenPhone, size: tuple[int, int]
) -> None:
    page = open_phone(size)
    page.evaluate(AXE.read_text())
    hub.call("ava", phone, "A message of some length, as they are. " * 8, record=True)
    expect(page.get_by_role("button", name="Answer")).to_be_visible()
    check(page, size)

    page.get_by_role("button", name="Answer").focus()
    page.keyboard.press("Enter")  # no pointer is needed
    expect(page.get_by_role("button", name="Hang up")).to_be_focused()
    check(page, size)
    page.keyboard.press("Enter")
    expect(page.get_by_role("log", name="Texts")).to_contain_text("Call, 0:0")
    check(page, size)


def check(page: Page, size: tuple[int, int]) -> None:
    """Assert that nothing is off the screen, and that axe finds nothing, light or dark."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.locator("#call button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size[1]
    everything: list[str] = []
    for scheme, rules in (("light", everything), ("dark", ["color-contrast"])):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = page.evaluate(
            "rules => axe.run(document, rules.length ? {runOnly: rules} : {})", rules
        )
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
