"""The HTML of mails: what a frame may hold, and under which policy."""

import pytest

from plugins.demo.tests.wire import Demo
from trunkline_demo.mail_page import shown_page


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '<img src="https://tracker.example/p.png">',
        '<img src="//tracker.example/p.png" srcset="https://tracker.example/q.png 2x">',
        "<p onclick='alert(1)'>x</p>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,<b>alert(1)</b>">x</a>',
        '<a href="data:image/svg+xml,alert(1)">x</a>',
        '<p style="background:url(https://tracker.example/p.png)">x</p>',
        '<iframe src="https://tracker.example"></iframe>',
        '<link rel="stylesheet" href="https://tracker.example/x.css">',
        '<meta http-equiv="refresh" content="0;url=https://tracker.example">',
        '<form action="https://tracker.example"><input name="a"></form>',
        '<svg onload="alert(1)"><use href="https://tracker.example#x"/></svg>',
        '<base href="https://tracker.example/">',
        "</body></html><script>alert(1)</script>",
    ],
)
def test_nothing_in_a_mail_runs_or_fetches(evil: str) -> None:
    shown = shown_page(f"<p>Hello</p>{evil}")

    for word in ("alert", "tracker.example", "<form", "<iframe", "<meta http"):
        assert word not in shown
    assert "<p>Hello</p>" in shown


def test_what_a_mail_looks_like_stays() -> None:
    picture = '<img src="data:image/png;base64,iVBORw0KGgo=" alt="Logo">'
    shown = shown_page(f'<h1 style="color:red">Hi</h1><a href="https://a.example">a</a>{picture}')

    assert '<h1 style="color:red">Hi</h1>' in shown
    assert 'href="https://a.example" target="_blank" rel="noopener noreferrer"' in shown
    assert picture in shown


async def test_a_frame_is_served_under_a_policy_without_scripts_and_the_source_as_text(
    demo: Demo,
) -> None:
    box = "/demo/mailboxes/anna@people.example/mails"
    mail = {"to": "bea@people.example", "subject": "s", "html": "<b>x</b>", "body": "x"}
    async with demo.opened():
        sent = (await demo.post(box, mail)).json()
    page = await demo.client.get(f"{box}/{sent['id']}/page")
    source = await demo.client.get(f"{box}/{sent['id']}/source")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:; ")
    assert "allow-scripts" not in policy
    assert "sandbox " in policy
    assert source.headers["content-type"] == "text/plain; charset=utf-8"
    assert source.content.startswith(b"From: anna@people.example\r\nTo: bea@people.example\r\n")
    assert (await demo.client.get(f"{box}/demo-0/page")).status_code == 404
