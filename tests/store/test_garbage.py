"""The search for garbage rests while a book is read or written, and goes on afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from cotrader_tui.store.garbage import collection_paused


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
