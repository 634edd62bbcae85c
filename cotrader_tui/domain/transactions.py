"""Transactions: what moved an account's money or its positions, as the broker books it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.domain.identifiers import AccountId


class TransactionKind(StrEnum):
    TRADE = "trade"
    """Also the shares that an assignment or an exercise delivers."""
    DIVIDEND = "dividend"
    INTEREST = "interest"
    FEE = "fee"
    TRANSFER = "transfer"
    ASSIGNMENT = "assignment"
    EXERCISE = "exercise"
    EXPIRATION = "expiration"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One booking. Money is in `currency` and signed as cash flow: + received, − paid. Unknown is `None`."""

    account: AccountId
    key: str
    """The broker's id: the same booking read twice, or corrected, has the same."""
    at: datetime
    kind: TransactionKind
    description: str
    """The broker's words."""
    currency: str
    symbol: str | None = None
    """As the position's instrument is named; `None` where it concerns none."""
    underlying: str | None = None
    """The name it is grouped under."""
    quantity: Decimal | None = None
    """+ bought or received, − sold or delivered. `None` where it moves no position, or its direction is not told."""
    price: Decimal | None = None
    """Per unit of the instrument, without multiplier and fees."""
    fees: Decimal | None = None
    """Commissions and fees, part of `amount`: 0 or less; above 0 only where the broker gives a rebate."""
    amount: Decimal | None = None
    """The net cash flow, fees included. Of a future only its fees: its gains are settled daily."""


@dataclass(frozen=True, slots=True)
class KnownTransaction:
    """A transaction as the store remembers it."""

    transaction: Transaction
    connection: str
