"""The search for garbage rests while a book is read or written, and goes on afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from cotrader_tui.store.garbage import collection_paused, let_go


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_it_rests_inside_and_goes_on_after() -> None:
    gc.enable()
    with collection_paused():
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the outer one is not over"
    assert gc.isenabled()


def test_it_goes_on_after_a_failure() -> None:
    gc.enable()
    with pytest.raises(ValueError, match="bad"), collection_paused():
        raise ValueError("bad")
    assert gc.isenabled()


def test_a_program_that_switched_it_off_keeps_it_off() -> None:
    gc.disable()
    with collection_paused():
        pass
    assert not gc.isenabled()


class Mortal:
    """Notes how many it leaves behind."""

    def __init__(self, among: list[Mortal], left: list[int]) -> None:
        self._among, self._left = among, left

    def __del__(self) -> None:
        self._left.append(len(self._among))


def test_many_values_are_let_go_of_in_many_pieces() -> None:
    among: list[Mortal] = []
    left: list[int] = []
    among += [Mortal(among, left) for _ in range(1050)]
    let_go(among)
    assert (len(among), len(left)) == (0, 1050)
    assert len(set(left)) >= 10, "so many turns for the other threads"
