"""The HTML of a mail as a page that runs nothing and fetches nothing."""

from typing import Final

import nh3

PAGE_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""The second line behind the sanitiser, and the frame's own sandbox is the third."""

_LOOKS: Final = {
    "background-color", "border", "border-collapse", "border-radius", "color", "display",
    "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing",
    "line-height", "margin", "max-width", "padding", "text-align", "text-decoration",
    "vertical-align", "white-space", "width",
}  # fmt: skip
_ATTRIBUTES: Final = {
    name: {*nh3.ALLOWED_ATTRIBUTES.get(name, set()), "style"} for name in nh3.ALLOWED_TAGS
}
_TABLES: Final = {"align", "bgcolor", "border", "cellpadding", "cellspacing", "valign", "width"}

_STYLE: Final = (
    "html{color-scheme:light}body{margin:0;padding:1rem;background:#fff;color:#1a1f26;"
    'font:1rem/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}'
    "body>:first-child{margin-top:0}body>:last-child{margin-bottom:0}"
    "img{max-width:100%;height:auto}"
    "img:not([src]){padding:.2rem .6rem;border:1px dashed #7b8694;color:#56606d}"
    "table{max-width:100%}a{color:#1d4fc4}"
)


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """Return an attribute's value, or None of what would fetch something: a picture is its own."""
    if (tag, attribute) == ("img", "src"):
        return value if value.lower().startswith("data:image/") else None
    return None if value.lstrip().lower().startswith("data:") else value


def shown_page(html: str) -> str:
    """Return a mail's HTML as a page of its own; its links open in another tab."""
    clean = nh3.clean(
        html,
        attributes={
            **_ATTRIBUTES,
            **{tag: _ATTRIBUTES[tag] | _TABLES for tag in ("table", "td", "th", "tr")},
        },
        attribute_filter=_kept,
        filter_style_properties=_LOOKS,
        url_schemes={"data", "http", "https", "mailto"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mail</title>'
        f"<style>{_STYLE}</style></head><body>{clean}</body></html>"
    )
