"""Reading positions with their market data; what did not change since the last read may be kept."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.store import rows
from cotrader_tui.store.codec import instant_text

_COLUMNS = f"""
    c.name, a.number, {rows.qualified(rows.INSTRUMENT_COLUMNS, "i")},
    {rows.qualified(rows.POSITION_COLUMNS, "p")}, {rows.qualified(rows.ENTRY_COLUMNS, "p")},
    {rows.qualified(rows.QUOTE_COLUMNS, "q")}, {rows.qualified(rows.GREEKS_COLUMNS, "g")}
"""
_CLOSED_COLUMNS = _COLUMNS.replace("q.mark, q.mark_source,", "p.closing_mark, p.closing_mark_source,", 1)
_TABLES = """
      FROM positions p
      JOIN accounts a ON a.id = p.account_id
      JOIN connections c ON c.id = a.connection_id
      JOIN instruments i ON i.id = p.instrument_id
      LEFT JOIN quotes q ON q.instrument_id = i.id
      LEFT JOIN greeks g ON g.instrument_id = i.id
"""
_ORDER = "ORDER BY c.name, a.number, i.underlying, i.expiration, i.key"
_UNDERLYINGS = f"""
    SELECT u.broker, u.key, u.symbol, u.instrument_type, {rows.qualified(rows.QUOTE_COLUMNS, "q")}
      FROM instruments u LEFT JOIN quotes q ON q.instrument_id = u.id
     WHERE (u.broker, u.key) IN (
           SELECT i.broker, i.underlying_key FROM positions p JOIN instruments i ON i.id = p.instrument_id
"""
"""Read beside the legs: in a book of options many share one."""
_IS_OPEN = "p.status = 'open'"

Above = Mapping[InstrumentId, rows.Underlying]
"""What moves the prices of some positions."""


def open_legs(sqlite: sqlite3.Connection) -> Iterator[Leg]:
    """Every open position, by account, underlying and instrument."""
    return _legs(sqlite, _COLUMNS, _IS_OPEN)


def closed_legs(sqlite: sqlite3.Connection, after: datetime | None = None) -> Iterator[Leg]:
    """Every position closed `after` an instant (by default any), with the last mark it had."""
    if after is None:
        return _legs(sqlite, _CLOSED_COLUMNS, "p.status = 'closed'")
    return _legs(sqlite, _CLOSED_COLUMNS, "p.status = 'closed' AND p.closed_at > ?", instant_text(after))


def newest_closed_legs(sqlite: sqlite3.Connection, since: datetime) -> Iterator[Leg]:
    """The latest closed row of each position closed at or after `since` and not open again.

    The broker's realized day gain counts up over one instrument's rows of a day, so only the newest may be added.
    """
    newest = """p.status = 'closed' AND p.closed_at >= ? AND p.id = (
        SELECT max(o.id) FROM positions o
         WHERE o.account_id = p.account_id AND o.instrument_id = p.instrument_id)"""
    return _legs(sqlite, _CLOSED_COLUMNS, newest, instant_text(since))


def _legs(sqlite: sqlite3.Connection, columns: str, where: str, *values: object) -> Iterator[Leg]:
    above = _above(sqlite, where, *values)
    found = sqlite.execute(f"SELECT {columns} {_TABLES} WHERE {where} {_ORDER}", values)
    return (rows.leg_from(row, above) for row in found)


def _above(sqlite: sqlite3.Connection, where: str, *values: object) -> Above:
    return dict(map(rows.underlying_from, sqlite.execute(f"{_UNDERLYINGS} WHERE {where})", values)))


# Kept from one read to the next

_TEXTS = f"""
    SELECT a.id, c.name, a.number, CAST(group_concat(json_array({_COLUMNS})) AS BLOB) {_TABLES} WHERE {_IS_OPEN}
     GROUP BY a.id ORDER BY c.name, a.number
"""
"""All that the legs of an account are made from, in one text.

SQLite makes it in a third of the time that the values take, and without the interpreter lock. In it a sensitivity has
15 digits: one that differs only beyond them counts as the same.
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The open legs of one account."""

    digest: int
    """The 64-bit hash of the text that all of them are made from."""
    legs: tuple[Leg, ...]
    underlyings: frozenset[InstrumentId | None]


class KeptLegs:
    """The open legs as last read. The next read makes only those of accounts anew in which something has changed.

    It goes by what is stored alone, and remembers one book.
    """

    def __init__(self) -> None:
        self._above: Above = {}
        self._by_account: dict[tuple[str, str], _Kept] = {}

    def read(self, sqlite: sqlite3.Connection) -> tuple[Leg, ...]:
        """What `open_legs` reads. Those of an account in which nothing has changed are the very same ones.

        Call it inside a transaction, so that all of it is of one moment.
        """
        above = _above(sqlite, _IS_OPEN)
        moved = {key for key in above.keys() | self._above.keys() if above.get(key) != self._above.get(key)}
        found = sqlite.execute(_TEXTS)
        digests = {(name, number): (account, hash(text)) for account, name, number, text in found}
        same = {
            key: kept
            for key, kept in self._by_account.items()
            if key in digests and kept.digest == digests[key][1] and kept.underlyings.isdisjoint(moved)
        }
        fresh = _legs_of(sqlite, (account for key, (account, _) in digests.items() if key not in same), above)
        self._by_account = {key: same.get(key) or _kept(digest, fresh[key]) for key, (_, digest) in digests.items()}
        self._above = above
        return tuple(leg for kept in self._by_account.values() for leg in kept.legs)


def _legs_of(sqlite: sqlite3.Connection, accounts: Iterable[int], above: Above) -> Mapping[tuple[str, str], list[Leg]]:
    """The open legs of some accounts, by connection and account number."""
    where = f"{_IS_OPEN} AND p.account_id IN (SELECT value FROM json_each(?))"
    found: defaultdict[tuple[str, str], list[Leg]] = defaultdict(list)
    sql = f"SELECT {_COLUMNS} {_TABLES} WHERE {where} {_ORDER}"
    for row in sqlite.execute(sql, (json.dumps(list(accounts)),)):
        found[row[:2]].append(rows.leg_from(row, above))
    return found


def _kept(digest: int, legs: list[Leg]) -> _Kept:
    return _Kept(digest, tuple(legs), frozenset(leg.position.instrument.underlying_id for leg in legs))
