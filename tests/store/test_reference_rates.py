"""The reference rates in the database are those of the newest day that was known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from tests.builders import TODAY

DOLLAR = ReferenceRate("USD", Decimal("1.1700"), date(2026, 3, 6))
YEN = ReferenceRate("JPY", Decimal("175.68"), date(2026, 3, 6))


def stored(path: Path, *days: list[ReferenceRate]) -> tuple[ReferenceRate, ...]:
    with Writer(path) as writer:
        for rates in days:
            writer.store_reference_rates(rates)
    with Reader(path) as reader:
        return reader.snapshot(TODAY).reference_rates


def test_rates_come_back_exactly(tmp_path: Path) -> None:
    found = stored(tmp_path / "book.db", [DOLLAR, YEN])
    assert found == (YEN, DOLLAR)
    assert str(found[1].per_euro) == "1.1700"


def test_newer_rates_replace_all_older_ones(tmp_path: Path) -> None:
    newer = ReferenceRate("USD", Decimal("1.1811"), date(2026, 3, 9))
    assert stored(tmp_path / "book.db", [DOLLAR, YEN], [newer]) == (newer,)


def test_older_rates_and_none_at_all_replace_nothing(tmp_path: Path) -> None:
    older = ReferenceRate("USD", Decimal("1.05"), date(2025, 3, 6))
    assert stored(tmp_path / "book.db", [DOLLAR], [older], []) == (DOLLAR,)


def test_a_new_database_has_none(tmp_path: Path) -> None:
    assert stored(tmp_path / "book.db") == ()
