"""The rows of a LiveTable."""

from __future__ import annotations

from typing import ClassVar

import pytest

from cotrader_tui.tui.present.text import MadeRows, Piece, Row
from cotrader_tui.tui.widgets.live_marks import Marks
from cotrader_tui.tui.widgets.live_model import LiveModel


def _row(key: str, mark: str, name: str = "n") -> Row:
    return Row(key, {"name": Piece(name), "mark": Piece(mark)})


def _model(*rows: Row) -> LiveModel:
    model = LiveModel()
    model.apply(MadeRows(rows))
    model.reorder()
    model.take_dirty(model.keys)
    return model


def test_only_what_differs_is_dirty_and_only_once() -> None:
    model = _model(_row("a", "1"), _row("b", "2"))
    assert not model.is_dirty
    model.apply(MadeRows([_row("a", "1"), _row("b", "3")]))
    assert model.take_dirty(model.keys) == {"b": {"mark"}}
    assert not model.is_dirty
    assert model.cells("b")["mark"] == Piece("3")


def test_a_change_of_colour_is_a_change() -> None:
    model = _model(_row("a", "1"))
    model.update("a", {"mark": Piece("1", "$error")})
    assert model.take_dirty(model.keys) == {"a": {"mark"}}


def test_a_cell_that_is_no_longer_given_is_blank_and_dirty() -> None:
    model = _model(_row("a", "1"))
    model.apply(MadeRows([Row("a", {"name": Piece("n")})]))
    assert model.take_dirty(model.keys) == {"a": {"mark"}}


def test_values_change_at_once_and_rows_only_with_reorder() -> None:
    model = _model(_row("a", "1"), _row("b", "2"))
    model.apply(MadeRows([_row("c", "9"), _row("b", "5")]))
    assert list(model.keys) == ["a", "b"]
    assert model.is_out_of_order
    assert model.cells("b")["mark"] == Piece("5")
    assert "c" not in model
    model.reorder()
    assert list(model.keys) == ["c", "b"]
    assert (model.index("c"), model.index("b")) == (0, 1)
    assert model.take_dirty(model.keys) == {"b": {"mark"}}


def test_a_row_that_waits_to_come_takes_changes_but_is_not_dirty() -> None:
    model = _model(_row("a", "1"))
    model.apply(MadeRows([_row("a", "1"), _row("b", "2")]))
    model.update("b", {"mark": Piece("7")})
    assert model.take_dirty(model.keys) == {}
    model.reorder()
    assert model.cells("b")["mark"] == Piece("7")


def test_cells_are_made_only_of_rows_somebody_asks_for() -> None:
    class Counted:
        keys = tuple(str(number) for number in range(1000))
        made: ClassVar[list[str]] = []

        def cells(self, key: str) -> dict[str, Piece]:
            self.made.append(key)
            return {"mark": Piece(key)}

    model = LiveModel()
    for _ in range(3):
        model.apply(Counted())
        model.reorder()
        model.take_dirty(model.keys[:2])
    assert Counted.made == ["0", "1"] * 3


def test_a_row_that_changed_out_of_sight_is_not_dirty_when_it_comes_into_sight() -> None:
    model = _model(_row("a", "1"), _row("b", "1"))
    model.take_dirty(["a"])
    model.apply(MadeRows([_row("a", "1"), _row("b", "2")]))
    assert model.take_dirty(["a", "b"]) == {}


def test_a_row_that_went_keeps_its_last_values_until_rows_may_move() -> None:
    model = _model(_row("a", "1"), _row("b", "2"))
    model.apply(MadeRows([_row("a", "3")]))
    model.apply(MadeRows([_row("a", "4")]))
    assert (model.cells("a")["mark"], model.cells("b")["mark"]) == (Piece("4"), Piece("2"))


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
