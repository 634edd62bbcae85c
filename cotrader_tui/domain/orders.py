"""Orders, as the broker lists them. This program reads them; it has no way to send, change or cancel one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.domain.identifiers import AccountId


class OrderStatus(StrEnum):
    RECEIVED = "received"
    """The broker has it, no exchange does: held until the market opens, on its way, or waiting for a condition."""
    WORKING = "working"
    """At the exchange, also while a change or its cancellation is asked for."""
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """The broker's word for it is none that is known here."""


TERMINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED})
"""What nothing follows on."""


class OrderKind(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    TRAILING_STOP_LIMIT = "trailing_stop_limit"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class OrderLeg:
    """One instrument of an order."""

    symbol: str
    """As the position's instrument is named."""
    quantity: Decimal | None
    """+ to buy, − to sell; `None` where the order is for an amount of money."""
    filled: Decimal | None
    """How much of `quantity` is filled, with its sign."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Prices are in `currency`, per unit and without multiplier."""

    account: AccountId
    key: str
    """The broker's id."""
    status: OrderStatus
    kind: OrderKind
    currency: str
    legs: tuple[OrderLeg, ...]
    time_in_force: str | None = None
    """In lower case: day, gtc, gtd, ext, ioc, ..."""
    underlying: str | None = None
    """The name it is grouped under."""
    limit_price: Decimal | None = None
    """Of one leg the plain price. Of several legs the net price as cash flow: + a credit, − a debit."""
    stop_price: Decimal | None = None
    """The price that triggers it; of several legs `None`."""
    placed_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as the store remembers it."""

    order: Order
    """As it was last listed."""
    connection: str
    seen_at: datetime
    """When the broker last listed it."""
    gone_at: datetime | None = None
    """Since when a complete list lacks it, if it had come to no end before: then its end is not known."""

    @property
    def is_working(self) -> bool:
        """Whether it may still be filled."""
        return not self.order.is_terminal and self.gone_at is None
