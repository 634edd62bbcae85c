"""Sorting is stable, unknown values come last both ways, rows below others stay with them."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.tui.arrange.cells import measured
from cotrader_tui.tui.arrange.order import by_value, family, kept

VALUES = st.lists(st.one_of(st.none(), st.integers(-3, 3).map(float), st.just(float("nan"))), max_size=12)


@given(VALUES, st.booleans())
def test_ties_stay_as_they_were_and_unknown_ones_come_last(values: list[float | None], is_reversed: bool) -> None:
    keys = [str(at) for at in range(len(values))]
    known = [key for key in keys if (value := values[int(key)]) is not None and value == value]
    found = by_value(keys, lambda key: values[int(key)], is_reversed=is_reversed)
    assert found[len(known) :] == [key for key in keys if key not in known]
    for one, other in pairwise(found[: len(known)]):
        first, second = values[int(one)], values[int(other)]
        assert first is not None
        assert second is not None
        assert (second < first if is_reversed else first < second) or (first == second and int(one) < int(other))


def test_texts_are_sorted_without_regard_to_case() -> None:
    assert by_value(["b", "A", "c", ""], str) == ["A", "b", "c", ""]
    assert by_value(["b", "A", "c", ""], str, is_reversed=True) == ["c", "b", "A", ""]


def test_rows_below_others_stay_with_them() -> None:
    parent = {"a1": "a", "a2": "a", "b1": "b"}.get
    keys = ("a", "a1", "a2", "b", "b1")
    assert family(keys, parent, lambda some: sorted(some, reverse=True)) == ("b", "b1", "a", "a2", "a1")
    assert kept(keys, parent, {"a2"}.__contains__) == ("a", "a2")


def test_the_figure_a_cell_begins_with_is_measured() -> None:
    assert measured("46/48 3m") == 46
    assert measured("98.5%") == Decimal("98.5")
    assert measured("-1,250") == -1250
    assert measured("2d") == 172_800
    assert measured("1m 05s") == 65
    assert measured("15m!") == 900
    assert measured("<5s") == 0
    assert measured("–") is None
    assert measured("halt") is None
