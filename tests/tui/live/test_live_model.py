"""The rows of a LiveTable."""

from __future__ import annotations

import pytest

from cotrader_tui.tui.present.text import Piece, Row
from cotrader_tui.tui.widgets.live_marks import Marks
from cotrader_tui.tui.widgets.live_model import LiveModel


def _row(key: str, mark: str, name: str = "n") -> Row:
    return Row(key, {"name": Piece(name), "mark": Piece(mark)})


def _model(*rows: Row) -> LiveModel:
    model = LiveModel()
    model.apply(rows)
    model.reorder()
    return model


def test_only_what_differs_is_dirty_and_only_once() -> None:
    model = _model(_row("a", "1"), _row("b", "2"))
    assert not model.is_dirty
    model.apply([_row("a", "1"), _row("b", "3")])
    assert model.take_dirty() == {"b": {"mark"}}
    assert not model.is_dirty
    assert model.cells("b")["mark"] == Piece("3")


def test_a_change_of_colour_is_a_change() -> None:
    model = _model(_row("a", "1"))
    model.update("a", {"mark": Piece("1", "$error")})
    assert model.take_dirty() == {"a": {"mark"}}


def test_a_cell_that_is_no_longer_given_is_blank_and_dirty() -> None:
    model = _model(_row("a", "1"))
    model.apply([Row("a", {"name": Piece("n")})])
    assert model.take_dirty() == {"a": {"mark"}}


def test_values_change_at_once_and_rows_only_with_reorder() -> None:
    model = _model(_row("a", "1"), _row("b", "2"))
    model.apply([_row("c", "9"), _row("b", "5")])
    assert list(model.keys) == ["a", "b"]
    assert model.is_out_of_order
    assert model.cells("b")["mark"] == Piece("5")
    assert "c" not in model
    model.reorder()
    assert list(model.keys) == ["c", "b"]
    assert (model.index("c"), model.index("b")) == (0, 1)
    assert model.take_dirty() == {"b": {"mark"}}


def test_a_row_that_waits_to_come_takes_changes_but_is_not_dirty() -> None:
    model = _model(_row("a", "1"))
    model.apply([_row("a", "1"), _row("b", "2")])
    model.update("b", {"mark": Piece("7")})
    assert not model.is_dirty
    model.reorder()
    assert model.cells("b")["mark"] == Piece("7")


def test_a_row_that_is_not_there_is_an_error() -> None:
    model = _model(_row("a", "1"))
    with pytest.raises(KeyError):
        model.update("b", {"mark": Piece("1")})
    with pytest.raises(KeyError):
        model.index("b")


def test_a_mark_lasts_so_many_flushes_and_a_new_change_renews_it() -> None:
    marks = Marks(2)
    marks.add("a", {"mark", "delta"})
    assert marks.expire() == {}
    marks.add("a", {"delta"})
    assert marks.expire() == {"a": {"mark"}}
    assert set(marks.of("a")) == {"delta"}
    assert marks.expire() == {"a": {"delta"}}
    assert not marks
