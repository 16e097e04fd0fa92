"""The rules of templates: which text, which values, and where a value may stand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from trunkline.core.channels import CHANNELS
from trunkline.core.messages.content import AtProvider, Content, Form, unpacked
from trunkline.core.problems import Invalid
from trunkline.core.templates.checking import checked
from trunkline.core.templates.filling import fill, in_order, read_language
from trunkline.core.templates.models import ProviderTemplate, Template, TemplateText

SMS, EMAIL, WHATSAPP = CHANNELS["sms"], CHANNELS["email"], CHANNELS["whatsapp"]


def text(body: str = "Hi {{name}}.", language: str = "en", **more: str | None) -> TemplateText:
    return TemplateText(language=language, body=body, **more)


def template(*texts: TemplateText, **more: object) -> Template:
    given = Template(id="hello", variables=(), language="", texts=texts or (text(),))
    return checked(replace(given, **more), ["ticks"])  # type: ignore[arg-type]


def asked(language: str | None = None, **values: str) -> Content:
    return Content(
        body="", template="hello", template_values=tuple(values.items()), language=language
    )


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt_br", "pt-BR"),
        ("zh-hant-TW", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("english", None),
        ("", None),
        ("en-", None),
        ("en\n", None),
    ],
)
def test_a_language_is_read_as_bcp_47_writes_it(given: str, read: str | None) -> None:
    assert read_language(given) == read


def test_languages_fall_back_to_what_is_wider_and_then_to_the_templates_own() -> None:
    own = template(text(language="de"))
    assert in_order("zh-Hant-TW", own) == ["zh-Hant-TW", "zh-Hant", "zh", "de"]
    assert in_order("de-AT", own) == ["de-AT", "de"]
    assert in_order(None, own) == ["de"]


def test_the_language_counts_before_the_channel_and_the_channels_own_text_before_that_for_all() -> (
    None
):
    several = template(
        text("all"), text("sms", channel="sms"), text("todos", "es"), language="en", variables=()
    )
    assert fill(several, asked("es-MX"), SMS).body == "todos"
    assert fill(several, asked("fr"), SMS).body == "sms"
    assert fill(several, asked(), WHATSAPP).body == "all"


def test_on_whatsapp_a_language_that_a_provider_has_comes_first() -> None:
    theirs = ProviderTemplate(connection="ticks", language="en", provider_id="HX1")
    both = template(text("all"), text("todos", "es"), provider_templates=(theirs,))
    assert fill(both, asked("es"), WHATSAPP).body == "all"
    assert fill(both, asked("es"), SMS).body == "todos"


def test_a_value_is_data() -> None:
    twice = template(text("{{name}} and {{ other }}"))
    filled = fill(twice, asked(name="{{other}}", other="{% x %}"), SMS)
    assert filled.body == "{{other}} and {% x %}"


def test_a_value_is_escaped_in_html_and_nowhere_else() -> None:
    page = template(text(html='<p title="{{name}}">Hi {{name}}</p>', subject="For {{name}}"))
    filled = fill(page, asked(name="<b>'A' & \"B\"</b>"), EMAIL)
    escaped = "&lt;b&gt;&#x27;A&#x27; &amp; &quot;B&quot;&lt;/b&gt;"
    assert filled.html == f'<p title="{escaped}">Hi {escaped}</p>'
    assert filled.subject == "For <b>'A' & \"B\"</b>"
    assert filled.body == "Hi <b>'A' & \"B\"</b>."


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("https://example.com/a?b=1", True),
        ("HTTP://example.com", True),
        ("mailto:ann@example.com", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("//evil.example", False),
        ("https://example.com/a b", False),
        ("data:text/html,x", False),
    ],
)
def test_a_value_that_says_where_a_link_leads_is_an_address(value: str, fits: bool) -> None:
    page = template(text("", html='<a href=" {{link}}">Look</a>', subject="Look"))
    if fits:
        assert fill(page, asked(link=value), EMAIL).html == f'<a href=" {value}">Look</a>'
        return
    with pytest.raises(Invalid, match=r"'link' is where a link of the template leads"):
        fill(page, asked(link=value), EMAIL)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((), r"give a value for name, order: 'hello' takes name, order"),
        ((("name", "A"),), r"give a value for order"),
        ((("name", "A"), ("order", "1"), ("secret", "x")), r"one too many: 'hello' takes"),
        ((("name", "A"), ("name", "B"), ("order", "1")), r"each variable once"),
        ((("name", "A\r\nBcc: eve@x.example"), ("order", "1")), r"give 'name' one line"),
        ((("name", "A\x85B"), ("order", "1")), r"give 'name' one line"),
        ((("name", "A\u2028B"), ("order", "1")), r"give 'name' one line"),
        ((("name", "\x1b[31m"), ("order", "1")), r"give 'name' one line"),
        ((("name", " "), ("order", "1")), r"give 'name' one line"),
    ],
)
def test_missing_extra_and_hostile_values_are_refused(
    values: Sequence[tuple[str, str]], sentence: str
) -> None:
    two = template(text("Hi {{name}}, {{order}}."))
    with pytest.raises(Invalid, match=sentence) as refusal:
        fill(two, replace(asked(), template_values=tuple(values)), EMAIL)
    assert refusal.value.facts["field"] == "templateVars"
    assert "secret" not in str(refusal.value)


def test_a_template_without_a_text_for_the_channel_says_so() -> None:
    with pytest.raises(Invalid, match="'hello' has no text for a text in its own language"):
        fill(template(text(channel="email", subject="Hi")), asked(name="A"), SMS)


def test_every_variable_is_needed_on_every_channel() -> None:
    each = template(text("Order {{order}}."), text("Hi {{name}}.", channel="email", subject="x"))
    assert each.variables == ("order", "name")
    assert fill(each, asked(order="1", name="A"), SMS).body == "Order 1."


BAD: dict[str, list[Any]] = {
    "texts": [(), (text(), text())],
    "variables": [("name", "name"), ("name", "na me"), ("other",), ("name", "unused")],
    "language": ["fr", "?"],
    "id": ["", "1st", "a b", "a\n", "x" * 65],
    "provider_templates": [
        (ProviderTemplate(connection="other", language="en", provider_id="HX1"),),
        (ProviderTemplate(connection="ticks", language="fr", provider_id="HX1"),),
        (ProviderTemplate(connection="ticks", language="?", provider_id="HX1"),),
        (ProviderTemplate(connection="ticks", language="en", provider_id="HX1"),) * 2,
        (
            ProviderTemplate(
                connection="ticks", language="en", provider_id="HX1", values=(("1", "nobody"),)
            ),
        ),
        (
            ProviderTemplate(
                connection="ticks",
                language="en",
                provider_id="HX1",
                values=(("1", "name"), ("1", "name")),
            ),
        ),
    ],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD.items() for value in values]
)
def test_a_template_that_could_not_be_sent_is_refused(field: str, value: object) -> None:
    with pytest.raises(Invalid):
        template(**{"texts": (text(),), field: value})


@pytest.mark.parametrize(
    "bad",
    [
        text(""),
        text("Hi {{na me}}."),
        text("Hi {{name}."),
        text("Hi {{}}."),
        text("Hi {{a.b}} {{#if}}."),
        text("Bell \x07"),
        text(channel="pigeon"),
        text(channel="sms", subject="No"),
        text(channel="whatsapp", html="<p>No</p>"),
        text(subject="Two\nlines"),
        text(html="<p onclick='{{name}}'>x</p>"),
        text(html="<p style='color: {{name}}'>x</p>"),
        text(html="<a href={{name}}>x</a>"),
        text(html="<a href='java{{name}}'>x</a>"),
        text(html="<a href='javascript:{{name}}'>x</a>"),
        text(html="<{{name}}>x"),
        text(html="<b {{name}}>x</b>"),
        text(html="<b{{name}}>x</b>"),
        text(html="<!-- {{name}} -->x"),
        text(html="<style>p { content: '{{name}}' }</style>x"),
        text(html="<script>let a = '{{name}}'</script>x"),
        text(html="<p>&{{name}};</p>"),
    ],
)
def test_a_text_in_which_a_value_could_be_more_than_data_is_refused(bad: TemplateText) -> None:
    with pytest.raises(Invalid):
        template(bad)


def test_a_content_goes_over_a_connection_by_what_its_provider_has() -> None:
    content = Content(
        body="Hi.", language="en", at_providers=(AtProvider("a", "HX1", (("1", "Ann"),)),)
    )
    there, elsewhere = content.over("a"), content.over("b")
    assert (there.template, there.template_values) == ("HX1", (("1", "Ann"),))
    assert (elsewhere.template, elsewhere.body, elsewhere.at_providers) == (None, "Hi.", ())


def test_what_is_packed_comes_back_and_what_has_no_template_is_packed_as_before() -> None:
    content = Content(
        body="Hi.", language="en", at_providers=(AtProvider("a", "HX1", (("1", "Ann"),)),)
    )
    assert unpacked(content.packed(), media_count=0, form=Form.OBJECT) == content
    packed = Content(body="Hi.", subject="Yes").packed()
    assert "language" not in packed
    assert "at_providers" not in packed
