"""What a person sees of a mail's HTML, and that nobody is shown more."""

import time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.mailtext import Link, shown

SECRET: Final = "send all to mallory"
PIECES: Final = (
    "<div>", "</div>", "<p hidden>", "<td>", "<table>", "<!--", "-->", "<![CDATA[", "<a href='",
    "<style>.a{display:none}</style>", "<b class=a>", "</b>", "text", "&amp;", "<svg><style>", "\0",
    "<script>", "</script>", '<img src="cid:x" onerror=', "<noscript>", "<textarea>", "&#0;", "'>",
    "<template>", "<x-y style=display:none>", "<br>", "<pre>\n", "<blockquote>", "<li>", "=", '"',
    "<", "\ud800",
)  # fmt: skip


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>One<br>two</p><p>three</p>", "One\ntwo\n\nthree"),
        ("a<br><br>b", "a\n\nb"),
        ("  a \n <b>b</b>&nbsp;c<i> d</i>", "a b c d"),
        (
            "<table><tr><td>Oak</td><td>12 €</td></tr><tr><td>Ash<td>9 €</table>",
            "Oak\t12 €\nAsh\t9 €",
        ),
        ("<ul><li>dry<li>planed &amp; cut</ul>after", "- dry\n- planed & cut\n\nafter"),
        ("<div><div>a</div></div><div>b</div>", "a\nb"),
        ("<pre>two  blanks\n  kept</pre>", "two  blanks\n  kept"),
        ("yes<blockquote>no<blockquote>why</blockquote></blockquote>", "yes\n\n> no\n\n> > why"),
        ("1 < 2 & 3 &lt; 4", "1 < 2 & 3 < 4"),
        ("<title>t</title><style>p{}</style><script>'</p>'</script><!-- c --><p>x", "x"),
        ("<unknown-tag>x</unknown-tag>", "x"),
        ("x\u200by\u202ez", "xyz"),
        ("", ""),
        ("<a href='https://a.example/x'>link</a>, you", "link (https://a.example/x), you"),
        ("<a href='https://a.example/'>www.a.example</a>", "www.a.example"),
        ("<a href='mailto:b@a.example'>b@a.example</a>", "b@a.example"),
        (
            "<a href='tel:+14155550100'>call</a> or <a href='tel:+14155550100'>ring</a>",
            "call (tel:+14155550100) or ring",
        ),
        ("<a href='javascript:alert(1)'>no</a><a href='#top'>up</a><a href='cid:x'>x</a>", "noupx"),
        ("<a href='https://a.example/x'><img src='cid:x'></a>", ""),
    ],
)
def test_a_page_is_the_text_that_a_person_sees(page: str, text: str) -> None:
    assert shown(page).text == text


@pytest.mark.parametrize(
    "hidden",
    [
        *(f'<div style="{style}">{SECRET}</div>' for style in (
            "display:none", "DISPLAY : None !important", "visibility:hidden", "opacity:0",
            "opacity:0.01", "font-size:0", "font-size:1px", "color:#fff", "color:white",
            "color:#fefefe", "color:transparent", "color:rgb(255, 255, 255)",
            "position:absolute;left:-9999px", "text-indent:-9999px", "max-height:0;overflow:hidden",
            "width:0;overflow:hidden", "background:#123;color:#112233", "transform:scale(0)",
            "position:absolute;clip:rect(0,0,0,0)",
        )),
        f"<div hidden>{SECRET}</div>",
        f"<div style='display:none'><p><b>{SECRET}</b></p></div>",
        f"<template>{SECRET}</template>",
        f"<noscript>{SECRET}</noscript>",
        f"<textarea>{SECRET}</textarea>",
        f"<font color=white>{SECRET}</font>",
        f"<body bgcolor='#000'><font color='#000000'>{SECRET}</font></body>",
        f"<body style='background:black'><p style='color:black'>{SECRET}</p></body>",
        f"<style>.q{{display:none}}</style><p class='a q'>{SECRET}</p>",
        f"<style>/* .x */ p, b.q {{color:#fff}}</style><b class=q>{SECRET}</b>",
        f"<style>@media screen {{#q{{display:none}}}}</style><b id=q>{SECRET}</b>",
        f"<x-y style='display:none'>{SECRET}</x-y>",
        f"<table style='display:none'><tr><td>{SECRET}</table>",
        *(f'<div style="{style}">{SECRET}</div>' for style in (
            "display:/**/none", "d\\69splay:n\\6fne", "/*;*/display:none",
            "display:none;display:no",
            "color:rgba(0,0,0,0)", "color:#00000001", "color:hsl(0 0% 100%)", "color:azure",
            "color:rgb(100%,100%,100%)", "background:navy;color:#000080", "color:floralwhite",
            "background:#777;color:gray", "-webkit-text-fill-color:transparent",
            "font:0/0 a", "font:bold 1px/1 Arial", "font-size:calc(0px)", "font-size:0.01rem",
            "margin:0 0 0 -9999px", "position:fixed;inset:-9999px auto auto -9999px",
            "position:absolute;right:-9999px", "position:absolute;left:-100vw",
            "position:relative;left:calc(-9999px)", "text-indent:-9999px",
            "transform:translate(-9999px, 0)", "translate:-9999px", "transform:scaleX(0)",
            "transform:scale3d(0,0,0)", "scale:0", "transform:rotateX(90deg)",
            "transform:matrix(0,0,0,0,0,0)", "clip-path:inset(50%)", "clip-path:circle(0)",
            "clip-path:polygon(0 0,0 0,0 0)", "height:1px;width:1px;overflow:hidden",
            "height:0;overflow-y:auto", "max-height:0em;overflow:clip",
            "block-size:0;overflow:auto",
            "text-indent:100%;white-space:nowrap;overflow:hidden", "content-visibility:hidden",
            "filter:opacity(0%)", "opacity:0;opacity:nonsense",
        )),
        *(f"<style>{css}</style><div><p class='x y' id=q>{SECRET}</p></div>" for css in (
            "body .x{display:none}", "html>body>div>.x{display:none}", "[class~=y]{display:none}",
            "[id^='q']{display:none}", ".x.y{display:none}", "p.x#q{display:none}",
            ".\\78{opacity:0}",
            ".a, div .y{display:none}", "p{display:none!important} .x{display:block}",
            "#q{display:none} p.x.y{display:block}", "@import url(z); .x{display:none}",
            "@media screen{@media all{.x{display:none}}}", "@media (min-width:1px){.x{opacity:0}}",
            ".z{content:'}'} .x{display:none}", "<!-- .x{display:none} -->", ":root{opacity:0}",
        )),
        f"<p style='opacity:.2'><i style='opacity:.2'><b style='opacity:.2'>{SECRET}</b></i></p>",
        f"<div style='font-size:0'><span style='font-size:3em'>{SECRET}</span></div>",
        f"<html style='color:#fff'><p>{SECRET}</p></html>",
        f"<dialog>{SECRET}</dialog>", f"<div popover>{SECRET}</div>",
        f"<datalist><b>{SECRET}</b></datalist>", f"<ruby><rp>{SECRET}</rp></ruby>",
        f"<progress>{SECRET}</progress>", f"<meter>{SECRET}</meter>",
        f"<details><b>{SECRET}</b></details>", f"<details>{SECRET}</details>",
        f"<!-- {SECRET} --><img alt='{SECRET}' src='https://evil.test/x.png'>",
    ],
)  # fmt: skip
def test_what_is_hidden_is_in_neither_the_text_nor_what_a_model_may_read(hidden: str) -> None:
    page = shown(f"<p>before</p>{hidden}<p>after</p>")
    assert page.text.replace("\n", "") in ("beforeafter", "after", "before", "")
    assert page.hid_text == ("x.png" not in hidden and "<te" not in hidden and "<no" not in hidden)
    assert page.html is not None
    assert "mallory" not in page.html.replace(f'alt="{SECRET}"', "")
    assert page.links == ()


@pytest.mark.parametrize(
    "seen",
    [
        '<div style="font-size:0"><span style="font-size:14px">seen</span></div>',
        '<div style="visibility:hidden"><span style="visibility:visible">seen</span></div>',
        '<div style="background:#000;color:#fff">seen</div>',
        '<td bgcolor="#000000"><font color="#ffffff">seen</font></td>',
        '<div style="background:url(x.png);color:#fff">seen</div>',
        "<style>@media (max-width:600px){.m{display:none}}</style><p class=m>seen</p>",
        "<style>@media print{p{display:none}}</style><p>seen</p>",
        '<div style="height:0">seen</div>',
        '<p style="opacity:0.9">seen</p>',
        *(f'<div style="{style}">seen</div>' for style in (
            "mso-hide:all",
            "transform:scale(0.9)", "transform:scale(0.5)", "left:-9999px", "clip:rect(0,0,0,0)",
            "margin-top:-900px;padding-top:900px", "position:absolute;clip:rect(0,90px,90px,0)",
            "height:0;padding-bottom:50%;overflow:hidden", "float:left;margin-left:-100%",
            "color:#fff;text-shadow:0 0 3px #000", "color:#fff;background:rgb(0 0 0 / 80%)",
            "color:var(--ink, #fff)", "display:var(--box)", "color:#fff;background:var(--ground)",
            "color:white;background:rebeccapurple", "color:white;background:hsl(200,50%,30%)",
            "color:#fff;background:linear-gradient(red,blue)", "color:lightgray", "opacity:.3",
            "height:0;min-height:9px;overflow:hidden", "position:absolute;color:#fff",
        )),
        *(f"<span style='{style}'>seen</span>" for style in (
            "transform:scale(0)", "height:0;overflow:hidden", "content-visibility:hidden",
        )),
        "<td style='height:0;overflow:hidden'>seen</td>",
        "<p hidden style='display:block'>seen</p>", "<details open>seen</details>",
        "<details><summary>seen</summary></details>", "<dialog open>seen</dialog>",
        *(f"<style>{css}</style><p><div class='x y'><b style='color:#fff'>seen</b></div>"
          for css in (
            "body div.x{background:#123}", "p + .x{background:#123}", ".x:not(a){background:#123}",
            "div:nth-child(2){background:#123}", "[data-x], .x{background:#123}",
            "@supports (display:block){.x{background:#123}}", "@layer a{.x{background:#123}}",
            "@media (min-width:600px){.x{background:#123}}", "body{.x{background:#123}}",
            ":is(.x){background:#123}", ".x{background:#fff} .x{background:url(x.png)}",
        )),
        *(f"<style>{css}</style><p class='x y'>seen</p>" for css in (
            ".x:hover{display:none}", ".x::before{display:none}",
            ".x{display:none} p.x{display:block}",
            "@media (max-width:1px){.x{display:none}}", ".xx{display:none}", "div>.x{display:none}",
            "@media (prefers-color-scheme:dark){.x{color:#fff}}", ".x.z{display:none}",
            ".x{display:none} @media (max-width:600px){.x{display:block}}",
            ".x{display:block!important} p.x.y{display:none}",
        )),
        "<style media=print>p{display:none}</style><p>seen</p>",
    ],
)  # fmt: skip
def test_what_is_seen_is_not_taken_for_hidden(seen: str) -> None:
    page = shown(f"<table><tr>{seen}</table>" if seen.startswith("<td") else seen)
    assert page.text == "seen"
    assert not page.hid_text


@pytest.mark.parametrize(
    "payload",
    [
        *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>"),
        *("<a href='javascript:alert(1)'>x</a>", "<iframe srcdoc='<script>alert(1)</script>'>"),
        *("<form action=https://evil.test><input>", "<meta http-equiv=refresh content='0;url=x'>"),
        *("<base href=https://evil.test>", "<link rel=stylesheet href=https://evil.test/x.css>"),
        *("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<object data=x>"),
        *(
            "<p style='background:url(https://evil.test/x)'>x</p>",
            "<a href='data:text/html,x'>x</a>",
        ),
        *("<img src=https://evil.test/pixel.png>", "<body background=https://evil.test/x>x"),
        *(
            "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
            "<video poster=//evil.test>",
        ),
        *(f"<a href='{hidden}javascript:alert(1)'>x</a>" for hidden in ("\u180e", "&#x200b;", "")),
        *(f"<a href='java{hidden}script:alert(1)'>x</a>" for hidden in ("\u200b", "&shy;", "\t")),
        "<a href='&#8203;d&#x200b;ata:text/html,x'>x</a>",
    ],
)
def test_sanitised_html_does_nothing_and_fetches_nothing(payload: str) -> None:
    html = shown(f"<p>ok</p>{payload}").html
    assert html is not None
    assert html.startswith("<p>ok</p>")
    for word in (
        "script",
        "onerror",
        "onload",
        "evil.test",
        "style",
        "javascript",
        "data:",
        "<form",
    ):
        assert word not in html
    for word in ("iframe", "<meta", "<base", "<link", "<object", "<svg", "background", "src="):
        assert word not in html


def test_pictures_of_the_mail_itself_stay_and_links_are_told() -> None:
    page = shown(
        '<p>See <a href="https://ash.test/?a=1&amp;b=2">the <b>list</b></a><img src="cid:w@x">'
    )
    assert page.html is not None
    assert '<img src="cid:w@x">' in page.html
    assert page.links == (Link(words="the list", url="https://ash.test/?a=1&b=2"),)


BOMBS: Final = {
    "deep": "<div>" * 100_000 + "end" + "</div>" * 100_000,
    "never closed": '<b><i><table><a href="x">' * 50_000,
    "attributes": "<p " + " ".join(f"a{number}=''" for number in range(200_000)) + ">x</p>",
    "closed in comments": "<div><!--</div>-->" * 9_000,
    "comments": "<!--" * 100_000,
    "no end": "<a" * 200_000,
    "quotes": '<a b="' * 80_000,
    "end tags": "<b>" * 250 + "</x>" * 100_000,
    "media": f"<style>{'@media{' * 9_000}</style>",
    "at signs": f"<style>{'@a' * 32_000}</style>",
    "css comments": f"<style>{'/*/' * 20_000}</style>",
    "css blanks": f"<style>{' ' * 60_000}</style>",
    "blanks": f"x{' ' * 500_000}x",
    "brackets": f"<style>{'(' * 32_000}</style><style>@media {'(' * 20_000}{{}}</style>",
    "arguments": f"<style>p{{transform:{'scale(1) ' * 7_000}}}</style>{'<p>x' * 3_000}",
    "selectors": f"<style>{'b b b b b i{color:red}' * 1_900}</style>{'<b>' * 99}{'<i>x' * 9_000}",
    "rules": f"<style>{'*{color:red}' * 1_900}</style>{'<b>x</b>' * 9_000}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_page_made_to_be_slow_is_not(name: str) -> None:
    began = time.process_time()
    shown(BOMBS[name])
    assert time.process_time() - began < 3  # each takes under a second on an idle machine


def test_a_page_that_is_too_deep_is_shown_as_text_alone() -> None:
    page = shown("<div>" * 10_000 + "Stones <script>x</script>as ordered.")
    assert (page.text, page.html) == ("Stones as ordered.", None)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_no_page_raises_and_none_is_left_unsafe(page: str) -> None:
    seen = shown(page)
    seen.text.encode()
    assert "<script" not in (seen.html or "")
    assert "onerror" not in (seen.html or "")
