"""How many segments a text takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.channels.segments import Encoding, count_segments
from trunkline_demo.segments import segments as counted_by_the_network

BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà"
EXTENDED = "\f^{}\\[~]|€"


@pytest.mark.parametrize(
    ("body", "encoding", "segments"),
    [
        ("", Encoding.GSM_7, 1),
        ("x" * 160, Encoding.GSM_7, 1),
        ("x" * 161, Encoding.GSM_7, 2),
        ("x" * 306, Encoding.GSM_7, 2),
        ("x" * 307, Encoding.GSM_7, 3),
        ("x" * 1600, Encoding.GSM_7, 11),
        ("€" * 80, Encoding.GSM_7, 1),
        ("€" * 81, Encoding.GSM_7, 2),
        ("x" * 152 + "€" + "x" * 151, Encoding.GSM_7, 2),
        ("x" * 152 + "€" + "x" * 152, Encoding.GSM_7, 3),
        ("ж" * 70, Encoding.UCS_2, 1),
        ("ж" * 71, Encoding.UCS_2, 2),
        ("ж" * 134, Encoding.UCS_2, 2),
        ("ж" * 135, Encoding.UCS_2, 3),
        ("👍" * 35, Encoding.UCS_2, 1),
        ("👍" * 36, Encoding.UCS_2, 2),
        ("👍" * 66, Encoding.UCS_2, 2),
        ("👍" * 67, Encoding.UCS_2, 3),
        ("x" * 159 + "ж", Encoding.UCS_2, 3),
    ],
    ids=lambda value: f"{value[:1]}{len(value)}" if isinstance(value, str) else None,
)
def test_a_text_takes_as_many_segments_as_the_carriers_count(
    body: str, encoding: Encoding, segments: int
) -> None:
    assert count_segments(body) == (encoding, segments)


@pytest.mark.parametrize("char", BASIC + EXTENDED)
def test_the_gsm_alphabet_costs_no_more_than_it_must(char: str) -> None:
    assert count_segments(char)[0] is Encoding.GSM_7


@pytest.mark.parametrize("char", "`\u00b4\u2019\u2014\t\u00a0\x1bçáж👍")
def test_one_character_outside_the_alphabet_makes_all_of_it_wide(char: str) -> None:
    assert count_segments(f"x{char}")[0] is Encoding.UCS_2


texts = st.text(st.one_of(st.sampled_from(BASIC + EXTENDED), st.sampled_from("жé👍")), max_size=700)


@given(texts)
def test_the_hub_estimates_what_the_simulated_network_charges(body: str) -> None:
    assert count_segments(body)[1] == counted_by_the_network(body)


@given(texts, texts)
def test_more_text_never_takes_fewer_segments(body: str, more: str) -> None:
    assert count_segments(body + more)[1] >= count_segments(body)[1]
