"""The demo's instruments, named as tastytrade names them, with real expiration days (holidays aside)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from cotrader_tui.brokers.demo.market import FUTURES
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType

BROKER = "demo"
_MONTH_CODES = "FGHJKMNQUVXZ"
_MORNING, _CLOSE = time(9, 30), time(16)


def share(symbol: str) -> Instrument:
    """A share, an index (SPX) or a coin (BTC/USD)."""
    if symbol == "SPX":
        kind = InstrumentType.INDEX
    else:
        kind = InstrumentType.CRYPTOCURRENCY if "/" in symbol else InstrumentType.EQUITY
    return Instrument(_id(kind, symbol), symbol, kind, symbol, Decimal(1), "USD")


def future(product: str, not_before: date) -> Instrument:
    """The first quarterly contract that expires on or after a date: /ESZ6."""
    expiration = third_friday(not_before)
    while expiration.month % 3:
        expiration = third_friday(expiration + timedelta(days=1))
    symbol = f"{product}{_MONTH_CODES[expiration.month - 1]}{expiration.year % 10}"
    return Instrument(
        _id(InstrumentType.FUTURE, symbol),
        symbol,
        InstrumentType.FUTURE,
        product,
        FUTURES[product].multiplier,
        "USD",
        expiration=expiration,
        expires_at=_instant(expiration, _MORNING),
    )


def option(underlying: Instrument, option_type: OptionType, strike: Decimal, expiration: date) -> Instrument:
    """An option on it: OCC's symbol for shares and indexes, "./ESZ6 EW4X6 261127P6500" for futures."""
    tail, closes = f"{expiration:%y%m%d}{option_type.value[0].upper()}", _CLOSE
    if underlying.type is InstrumentType.FUTURE:
        kind, multiplier = InstrumentType.FUTURE_OPTION, underlying.multiplier
        code = f"EW{(expiration.day + 6) // 7}{_MONTH_CODES[expiration.month - 1]}{expiration.year % 10}"
        symbol = f"./{underlying.symbol[1:]} {code} {tail}{strike.normalize():f}"
    else:
        kind, multiplier, root = InstrumentType.EQUITY_OPTION, Decimal(100), underlying.symbol
        if root == "SPX":  # the monthly settles in the morning, the weekly at the close
            is_monthly = expiration == third_friday(expiration.replace(day=1))
            root, closes = ("SPX", _MORNING) if is_monthly else ("SPXW", _CLOSE)
        symbol = f"{root:<6}{tail}{int(strike * 1000):08d}"
    return Instrument(
        _id(kind, symbol),
        symbol,
        kind,
        underlying.underlying,
        multiplier,
        "USD",
        underlying_id=underlying.id,
        option_type=option_type,
        strike=strike,
        expiration=expiration,
        expires_at=_instant(expiration, closes),
    )


def friday(start: date, days: int) -> date:
    """The Friday nearest to `days` after `start`."""
    aim = start + timedelta(days=days - 3)
    return aim + timedelta(days=(4 - aim.weekday()) % 7)


def third_friday(not_before: date) -> date:
    """The first third Friday of a month on or after a date."""
    first = not_before.replace(day=1)
    third = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    return third if third >= not_before else third_friday((first + timedelta(days=32)).replace(day=1))


def _id(kind: InstrumentType, symbol: str) -> InstrumentId:
    return InstrumentId(BROKER, f"{kind.value}:{symbol}")


def _instant(day: date, clock_time: time) -> datetime:
    return datetime.combine(day, clock_time, EXCHANGE_ZONE).astimezone(UTC)
