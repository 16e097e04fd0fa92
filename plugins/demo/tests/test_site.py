"""The demo site: what it refuses, and the handset page."""

import re
from html.parser import HTMLParser
from importlib import resources

import pytest

from plugins.demo.tests.wire import AGENT, HANDSET, OTHER_AGENT, Demo, View, problem, sms
from trunkline.sdk import TelephonyProvider
from trunkline_demo.plugin import DemoPlugin

REPLY = f"/demo/handsets/{HANDSET}/reply"
FAULTS = "/demo/faults"
MARK = "canary"
MODULE = re.compile(r'^import .* from "\./(.+)";$', re.MULTILINE)


async def test_a_new_network_has_one_handset(demo: Demo) -> None:
    assert await demo.get("/demo/handsets") == [
        {"address": HANDSET, "messages": 0, "lastMessageAt": None}
    ]


async def test_each_plugin_object_has_a_network_of_its_own(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await provider.send(sms())

    [handset] = await demo.get("/demo/handsets")
    assert handset["messages"] == 1
    assert not DemoPlugin()._network.texts(HANDSET)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (REPLY, {}),
        (REPLY, {"body": ""}),
        (REPLY, {"body": MARK + "a" * 1600}),
        (REPLY, {"body": 7}),
        (REPLY, {"body": "a", "to": MARK}),
        (REPLY, {"body": "a", "to": "+12"}),
        (REPLY, {"body": "a", MARK: 1}),
        (REPLY, {"body": "a", "media_url": "https://example.com/a.png"}),
        (REPLY, {"body": "a", "to": AGENT, "mediaUrl": f"http://example.com/{MARK}"}),
        (REPLY, {"body": "a", "to": AGENT, "mediaUrl": f"https://example.com/ {MARK}"}),
        (REPLY, {"body": "a", "to": AGENT, "mediaUrl": "https://example.com/" + MARK * 400}),
        (REPLY, {"body": "a"}),
        (REPLY, [MARK]),
        (f"/demo/handsets/{MARK}/reply", {"body": "a", "to": AGENT}),
        (FAULTS, {}),
        (FAULTS, {"fault": MARK}),
        (FAULTS, {"fault": "rate_limited", "times": 0}),
        (FAULTS, {"fault": "rate_limited", "times": 1001}),
        (FAULTS, {"fault": "rate_limited", "times": "1"}),
        (FAULTS, {"fault": "rate_limited", "times": 1.5}),
        (FAULTS, {"fault": "rate_limited", MARK: 1}),
    ],
)
async def test_what_is_invalid_is_refused_and_not_echoed(
    demo: Demo, provider: TelephonyProvider, path: str, content: object
) -> None:
    response = await demo.post(path, content)

    assert problem(response)[:2] == (422, "invalid")
    assert MARK not in response.text
    assert demo.hub.requests == []
    assert await demo.get(FAULTS) == []


async def test_a_reply_to_nobody_shows_how_to_name_a_recipient(
    demo: Demo, provider: TelephonyProvider
) -> None:
    response = await demo.post(REPLY, {"body": "a"})

    assert '"to": "+12025550101"' in response.json()["detail"]


async def test_faults_beyond_the_bound_are_refused(demo: Demo) -> None:
    await demo.post(FAULTS, {"fault": "rate_limited", "times": 999})

    response = await demo.post(FAULTS, {"fault": "rate_limited", "times": 2})

    assert problem(response)[:2] == (422, "invalid")
    assert await demo.get(FAULTS) == [{"fault": "rate_limited", "times": 999}]


async def test_the_problem_names_the_field(demo: Demo) -> None:
    missing = (await demo.post(FAULTS, {})).json()
    assert (missing["title"], missing["detail"]) == ("Invalid input", "fault: is required.")
    response = await demo.post(REPLY, {"body": "a", "to": MARK})

    sentence = "to: not a phone number in E.164 form, such as +14155550100"
    assert problem(response)[2] == sentence


async def test_other_channels_are_unsupported(demo: Demo, provider: TelephonyProvider) -> None:
    response = await demo.post(REPLY, {"body": "a", "to": AGENT, "channel": "whatsapp"})

    assert problem(response)[:2] == (422, "unsupported")
    assert demo.hub.requests == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"body": "\\ud800"}', b"[" * 5000])
async def test_what_is_not_json_is_invalid(demo: Demo, content: bytes) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    response = await demo.client.post(REPLY, content=content, headers=headers)

    assert problem(response)[:2] == (422, "invalid")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_type_is_refused(demo: Demo, content_type: str) -> None:
    headers = {"content-type": content_type}
    response = await demo.client.post(FAULTS, content=b'{"fault":"rate_limited"}', headers=headers)

    assert problem(response)[:2] == (415, "unsupported_media_type")
    assert await demo.get(FAULTS) == []


async def test_a_body_over_64_kib_is_refused(demo: Demo) -> None:
    fitting = b'{"fault":"rate_limited"}'.ljust(64 * 1024)
    headers = {"content-type": "application/json"}

    assert (await demo.client.post(FAULTS, content=fitting, headers=headers)).status_code == 200
    response = await demo.client.post(FAULTS, content=fitting + b" ", headers=headers)
    assert problem(response)[:2] == (413, "too_large")


async def test_unknown_paths_and_methods_are_problems_too(demo: Demo) -> None:
    assert problem(await demo.client.get("/demo/nothing"))[:2] == (404, "not_found")
    assert problem(await demo.client.get(f"/demo/handsets/{MARK}/messages"))[:2] == (422, "invalid")
    response = await demo.client.put("/demo/counts")
    assert problem(response)[:2] == (405, "method_not_allowed")
    assert "GET" in response.headers["allow"]
    assert response.json()["title"] == "Method not allowed"
    assert response.json()["detail"] == "This path does not take this HTTP method, but GET, HEAD."


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.targets += [names[key] or "" for key in ("src", "href") if key in names]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.inline.append(tag)
        self.inline += [name for name in names if name == "style" or name.startswith("on")]


PAGES = {
    "": ["icon.svg", "base.css", "handset.css", "call.css", "handset.js"],
    "whatsapp": ["icon.svg", "base.css", "handset.css", "whatsapp.css", "whatsapp.js"],
    "mailbox": ["icon.svg", "base.css", "mailbox.css", "mailbox.js"],
}
"""What each page names, in its order."""


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_and_all_it_needs_are_served_under_its_policy(demo: Demo, path: str) -> None:
    page = await demo.client.get(f"/demo/{path}")
    links = _Links()
    links.feed(page.text)

    assert links.inline == []
    assert links.targets[: len(PAGES[path])] == PAGES[path]
    found = {name: await demo.client.get(f"/demo/{name}") for name in PAGES[path]}
    for name in [each for each in found if each.endswith(".js")]:
        for module in MODULE.findall(found[name].text):
            found[module] = await demo.client.get(f"/demo/{module}")
    assert "dom.js" in found
    for response in (page, *found.values()):
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert policy.startswith(
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        )
        assert policy.endswith("require-trusted-types-for 'script'; trusted-types 'none'")
        assert response.headers["x-content-type-options"] == "nosniff"
    types = {name: response.headers["content-type"] for name, response in found.items()}
    assert types["base.css"] == "text/css; charset=utf-8"
    assert {types[name] for name in types if name.endswith(".js")} == {
        "text/javascript; charset=utf-8"
    }
    assert types["icon.svg"] == "image/svg+xml"


SCRIPTS = sorted(
    file.name
    for file in resources.files("trunkline_demo").joinpath("page").iterdir()
    if file.name.endswith(".js")
)


@pytest.mark.parametrize("name", SCRIPTS)
async def test_the_pages_show_texts_as_text_only(demo: Demo, name: str) -> None:
    script = (await demo.client.get(f"/demo/{name}")).text

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


# --- who has a number -----------------------------------------------------------------------------


async def test_case_f4_the_page_learns_the_agents_names_and_numbers(demo: Demo) -> None:
    demo.view = View()

    assert await demo.get("/demo/agents") == [{"agentId": "ada", "name": "Ada", "address": AGENT}]


async def test_case_f4_a_text_to_a_number_that_nobody_has_is_not_called_sent(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.view = View()
    reached = await demo.post(REPLY, {"body": "a", "to": AGENT})
    lost = await demo.post(REPLY, {"body": "b", "to": OTHER_AGENT})
    newest, oldest = await demo.get(f"/demo/handsets/{HANDSET}/messages")

    assert reached.json()["status"] == "accepted"
    assert "reason" not in reached.json()
    assert lost.json()["reason"] == "Nobody answers there: no agent has this number."
    assert (newest["status"], newest["reason"]) == ("failed", lost.json()["reason"])
    assert oldest["status"] == "sent"
    assert "reason" not in oldest


async def test_case_f4_a_text_that_the_hub_refuses_is_not_called_sent(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.view, demo.hub.answer = View(), 503
    response = await demo.post(REPLY, {"body": "a", "to": AGENT})
    [kept] = await demo.get(f"/demo/handsets/{HANDSET}/messages")

    assert response.json()["reason"] == kept["reason"] == "The hub did not take it."
    assert kept["status"] == "failed"


async def test_without_a_hubs_view_no_agents_are_known_and_no_number_is_called_nobodys(
    demo: Demo, provider: TelephonyProvider
) -> None:
    assert await demo.get("/demo/agents") == []
    assert "reason" not in (await demo.post(REPLY, {"body": "a", "to": AGENT})).json()
