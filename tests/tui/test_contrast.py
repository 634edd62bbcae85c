"""What can be read on what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color

from cotrader_tui.tui.contrast import LEAST, contrast, in_256, least_contrast, readable, relative_luminance

colors = st.tuples(*[st.integers(0, 255)] * 3).map(lambda parts: Color(*parts))


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#767676", "#ffffff", 4.54), ("#ff0000", "#ffffff", 4.0), ("#123456", "#123456", 1)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(Color.parse(one), Color.parse(other)) == pytest.approx(ratio, abs=0.005)
    assert contrast(Color.parse(other), Color.parse(one)) == contrast(Color.parse(one), Color.parse(other))


def test_luminance_goes_from_black_to_white() -> None:
    assert relative_luminance(Color(0, 0, 0)) == 0
    assert relative_luminance(Color(255, 255, 255)) == pytest.approx(1)


@given(text=colors, background=colors)
def test_on_one_background_every_colour_can_be_made_readable(text: Color, background: Color) -> None:
    assert least_contrast(readable(text, [background]), [background]) >= LEAST
    assert least_contrast(readable(text, [background], [in_256]), [background], [in_256]) >= LEAST


@given(background=colors)
def test_what_can_be_read_stays_as_it_is(background: Color) -> None:
    text = readable(Color(120, 80, 200), [background])
    assert readable(text, [background]) == text


def test_where_nothing_can_be_read_on_all_the_best_is_taken() -> None:
    backgrounds = [Color(0, 0, 0), Color(255, 255, 255)]
    assert least_contrast(readable(Color(255, 0, 0), backgrounds), backgrounds) > 4


def test_256_colours_are_those_of_the_cube() -> None:
    assert in_256(Color.parse("#6cc58f")) == Color.parse("#5fd787")
