"""What the stand-in holds: the same things a real account server knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.standin.payloads import Json, account_entry, balances_payload


@dataclass(slots=True)
class Book:
    """Accounts with their rows, balances, market data and Greeks. Change it through the server once that runs."""

    accounts: dict[str, Json] = field(default_factory=dict)
    """Entries of the accounts list by account number."""
    positions: dict[str, list[Json]] = field(default_factory=dict)
    balances: dict[str, Json] = field(default_factory=dict)
    market_data: dict[tuple[str, str], Json] = field(default_factory=dict)
    """Rows by (instrument type as the interface spells it, symbol)."""
    future_names: dict[str, str | None] = field(default_factory=dict)
    """Streamer symbols of futures that are not named as usual; `None` where the contract is not known."""
    greeks: dict[str, Json] = field(default_factory=dict)
    """Values of the Greeks event by streamer symbol; a symbol that is not here stays silent."""
    transactions: dict[str, list[Json]] = field(default_factory=dict)
    """By account, newest first."""
    orders: dict[str, list[Json]] = field(default_factory=dict)

    def add_account(
        self, number: str, rows: Iterable[Json] = (), balances: Json | None = None, *, nickname: str = "Individual"
    ) -> None:
        self.accounts[number] = account_entry(number, nickname)
        self.hold(number, rows)
        self.balances[number] = balances if balances is not None else balances_payload("104250.75", "31240.5")

    def hold(self, number: str, rows: Iterable[Json]) -> None:
        """Replaces what the account holds. Rows that name no account get this one."""
        self.positions[number] = [{"account-number": number, **row} for row in rows]

    def book(self, number: str, *rows: Json) -> None:
        """Adds transactions, the first of them the newest of all."""
        self.transactions[number] = [
            *({"account-number": number, **row} for row in rows),
            *self.transactions.get(number, []),
        ]

    def order(self, number: str, *rows: Json) -> None:
        """Replaces the orders of the account."""
        self.orders[number] = [{"account-number": number, **row} for row in rows]

    def add_market_data(self, *rows: Json) -> None:
        self.market_data.update({(row["instrument-type"], row["symbol"]): row for row in rows})
