"""From a market data subscription's state to a quote and to Greeks, in our units. Pure.

TWS's model Greeks are ours already: per unit of a long option, theta per calendar day, vega per volatility point.
There is no rho. Source: TWS API, option Greeks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from cotrader_tui.brokers.ibkr.numbers import greek, price, quotient
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source

if TYPE_CHECKING:
    from ib_async import Ticker

DELAYED_KINDS = frozenset({3, 4})
FROZEN_KINDS = frozenset({2, 4})
_DELAY = timedelta(minutes=15)
"""At least; TWS does not say how much."""


def quote_of(ticker: Ticker, instrument: InstrumentId, received_at: datetime, price_magnifier: int = 1) -> Quote | None:
    """Its prices: the mark is the middle of a real market, else the last trade, else the close; `None` without any.

    What is quoted during a halt, or was when the market closed, is no market. TWS's prices are in so many parts of the
    currency as `price_magnifier` says.
    """
    found = (
        price(ticker.bid, ticker.bidSize),
        price(ticker.ask, ticker.askSize),
        price(ticker.last, ticker.lastSize),
        price(ticker.close),
    )
    bid, ask, last, close = (_in_currency(each, price_magnifier) for each in found)
    is_halted = _is_halted(ticker)
    mark, source = _mark(bid, ask, last, close, has_market=not is_halted and not is_frozen(ticker))
    if mark is None:
        return None
    return Quote(
        instrument=instrument,
        mark=mark,
        mark_source=source,
        received_at=received_at,
        bid=bid,
        ask=ask,
        last=last,
        previous_close=close,
        is_halted=is_halted,
    )


def greeks_of(ticker: Ticker, instrument: InstrumentId, received_at: datetime) -> Greeks | None:
    """The model's Greeks; sentinels and impossible figures are unknown. `None` while not even delta or vega is known.

    Delayed ones are taken as computed 15 minutes before they came.
    """
    model = ticker.modelGreeks
    if model is None:
        return None
    delta, gamma, vega = greek(model.delta), greek(model.gamma), greek(model.vega)
    iv = greek(model.impliedVol)
    if delta is not None and abs(delta) > 1:
        delta = None
    if delta is None and vega is None:
        return None
    return Greeks(
        instrument=instrument,
        delta=delta,
        gamma=_not_negative(gamma),
        theta=greek(model.theta),
        vega=_not_negative(vega),
        rho=None,
        iv=_not_negative(iv),
        as_of=received_at - (_DELAY if is_delayed(ticker) else timedelta()),
        received_at=received_at,
        source=Source.BROKER,
    )


def is_delayed(ticker: Ticker) -> bool:
    """Whether it came fifteen minutes late or more."""
    return ticker.marketDataType in DELAYED_KINDS


def is_frozen(ticker: Ticker) -> bool:
    """Whether it is the last of a market that is closed."""
    return ticker.marketDataType in FROZEN_KINDS


def _is_halted(ticker: Ticker) -> bool:
    """1 is a halt by the exchange, 2 one for volatility, 0 or nothing none."""
    return any(getattr(ticker, name, 0) in (1, 2) for name in ("halted", "delayedHalted"))


def _mark(
    bid: Decimal | None, ask: Decimal | None, last: Decimal | None, close: Decimal | None, *, has_market: bool
) -> tuple[Decimal | None, MarkSource | None]:
    if has_market and bid is not None and ask is not None and ask >= bid and ask > 0:
        return (bid + ask) / 2, MarkSource.MID
    if last is not None:
        return last, MarkSource.LAST
    # A close of 0 is TWS's way of saying that there was none.
    return (close, MarkSource.CLOSE) if close else (None, None)


def _in_currency(value: Decimal | None, price_magnifier: int) -> Decimal | None:
    return value if value is None or price_magnifier == 1 else quotient(value, Decimal(price_magnifier))


def _not_negative(value: float | None) -> float | None:
    return value if value is None or value >= 0 else None
