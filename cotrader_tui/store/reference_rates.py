"""The European Central Bank's reference rates in the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.store.codec import date_text, decimal_text


def read_reference_rates(sqlite: sqlite3.Connection) -> Iterator[ReferenceRate]:
    """The known rates, by currency."""
    sql = 'SELECT currency, per_euro, "on" FROM reference_rates ORDER BY currency'
    for currency, per_euro, on in sqlite.execute(sql):
        yield ReferenceRate(currency, Decimal(per_euro), date.fromisoformat(on))


def store_reference_rates(sqlite: sqlite3.Connection, rates: Iterable[ReferenceRate]) -> None:
    """Replace the known rates, unless these are older; none is kept of a currency that is no longer quoted."""
    fresh = list(rates)
    newest = max((rate.on for rate in read_reference_rates(sqlite)), default=None)
    if not fresh or (newest is not None and max(rate.on for rate in fresh) < newest):
        return
    sqlite.execute("DELETE FROM reference_rates")
    sqlite.executemany(
        'INSERT INTO reference_rates (currency, per_euro, "on") VALUES (?, ?, ?)',
        [(rate.currency, decimal_text(rate.per_euro), date_text(rate.on)) for rate in fresh],
    )
