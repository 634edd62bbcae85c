"""What the engine's connection knows of the database without asking again, as long as nobody else writes into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.positions import Position

NO_POSITIONS: Mapping[InstrumentId, Position] = MappingProxyType({})


class Memory:
    """Open positions that a landing has confirmed, the row numbers of instruments and their latest market data.

    It holds for one connection and only inside its transactions, each of which begins with `heed`. A transaction that
    is undone, and a commit of any other connection, make it forget everything.
    """

    def __init__(self) -> None:
        self._version: int | None = None
        self._positions: dict[AccountId, Mapping[InstrumentId, Position]] = {}
        self.numbers: dict[InstrumentId, int] = {}
        """Of instruments: once known, one keeps its number."""
        self.figures: dict[str, dict[int, tuple[object, ...]]] = {"quotes": {}, "greeks": {}}
        """What was last written of each instrument, by table and number: all but the times."""

    def heed(self, sqlite: sqlite3.Connection) -> None:
        """Forget everything if another connection has committed since the last transaction."""
        version = sqlite.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self.forget()
            self._version = version

    def forget(self) -> None:
        self._positions.clear()
        self.numbers.clear()
        for known in self.figures.values():
            known.clear()

    def forget_positions(self) -> None:
        """An instrument is not what it was: neither are the positions in it, of whatever account."""
        self._positions.clear()

    def positions(self, account: AccountId) -> Mapping[InstrumentId, Position]:
        """Some open positions of the account, as they are stored but for when they were synced or orphaned."""
        return self._positions.get(account, NO_POSITIONS)

    def keep_positions(self, account: AccountId, positions: Mapping[InstrumentId, Position]) -> None:
        """A landing has confirmed these, and no others are known."""
        self._positions[account] = positions
