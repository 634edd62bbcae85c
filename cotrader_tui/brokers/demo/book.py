"""The demo's book as data: three accounts, and what each line holds when a generation of the book begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from cotrader_tui.brokers.demo.market import FUTURES, PRODUCTS, Contract, Market, draw
from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Account

BROKER = "demo"
GENERATION = timedelta(days=28)
"""After so many days every option and future is rolled, so that an old demo still shows a living book."""
_MONTH_CODES = "FGHJKMNQUVXZ"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    account: Account
    capital: Decimal
    """Net liquidating value when every position had just been opened."""


def _account(number: str, nickname: str, capital: int) -> DemoAccount:
    return DemoAccount(Account(AccountId(BROKER, number), nickname, "USD"), Decimal(capital))


MARGIN = _account("DEMO01", "Margin", 285_000)
IRA = _account("DEMO02", "Roth IRA", 190_000)
FUTURES_ACCOUNT = _account("DEMO03", "Futures", 240_000)
ACCOUNTS = (MARGIN, IRA, FUTURES_ACCOUNT)


@dataclass(frozen=True, slots=True)
class Line:
    """One position. `days` is the target in days to expiration, `strike` its distance from the underlying in percent.

    `opened` counts days before the epoch (0: earlier on the same day). Fills happen on `active` lines only;
    a line `on_bench` starts without a position, and a fill may open it.
    """

    home: DemoAccount
    quantity: Decimal
    product: str
    option_type: OptionType | None = None
    strike: float = 0.0
    days: int = 0
    opened: int = 12
    active: bool = False
    on_bench: bool = False


def _hold(home: DemoAccount, quantity: str, product: str, opened: int) -> Line:
    return Line(home, Decimal(quantity), product, opened=opened)


def _option(
    home: DemoAccount,
    quantity: int,
    product: str,
    code: str,
    days: int,
    opened: int = 12,
    *,
    active: bool = False,
    on_bench: bool = False,
) -> Line:
    """`code` is C or P and the strike's distance in percent: "P-5"."""
    kind = OptionType.CALL if code[0] == "C" else OptionType.PUT
    return Line(home, Decimal(quantity), product, kind, float(code[1:]), days, opened, active, on_bench)


BOOK = (
    _hold(MARGIN, "300", "AAPL", 410),
    _option(MARGIN, -3, "AAPL", "C+6", 45),  # covered calls
    _hold(MARGIN, "100", "MSFT", 230),
    _option(MARGIN, -1, "MSFT", "C+5", 21, 9),
    _option(MARGIN, -2, "SPY", "P-5", 45, 10),  # strangle
    _option(MARGIN, -2, "SPY", "C+4", 45, 10),
    _option(MARGIN, 1, "SPX", "P-9", 45, 11),  # iron condor
    _option(MARGIN, -1, "SPX", "P-7", 45, 11),
    _option(MARGIN, -1, "SPX", "C+4.5", 45, 11),
    _option(MARGIN, 1, "SPX", "C+6.5", 45, 11),
    _option(MARGIN, -1, "SPX", "P-2.5", 7, 0),  # put spread on the weekly
    _option(MARGIN, 1, "SPX", "P-4", 7, 0),
    _option(MARGIN, -2, "NVDA", "C+3", 21, 6),  # calendar
    _option(MARGIN, 2, "NVDA", "C+3", 60, 6),
    _option(MARGIN, -2, "TSLA", "P-14", 45, 8, active=True),
    _option(MARGIN, 3, "AMZN", "C+5", 200, 20, active=True),
    _option(MARGIN, -2, "IWM", "P-6", 45, 7, active=True),
    _option(MARGIN, -1, "PLTR", "P-15", 45, 5, active=True, on_bench=True),
    _hold(IRA, "50", "AAPL", 350),
    _hold(IRA, "250", "KO", 500),
    _option(IRA, -2, "KO", "C+4", 45),
    _hold(IRA, "40", "SPY", 300),
    _hold(IRA, "412.3847", "SCHD", 190),
    _hold(IRA, "60", "GLD", 120),
    _option(IRA, 1, "QQQ", "P-9", 45, 13),  # iron condor
    _option(IRA, -1, "QQQ", "P-7", 45, 13),
    _option(IRA, -1, "QQQ", "C+5", 45, 13),
    _option(IRA, 1, "QQQ", "C+7", 45, 13),
    _option(IRA, -1, "AMD", "P-11", 45, 6, active=True),
    _option(IRA, -3, "XLE", "P-5", 45, 9, active=True),
    _option(IRA, -4, "TLT", "P-3", 60, 15, active=True),
    _option(IRA, -1, "GLD", "C+6", 45, 4, active=True, on_bench=True),
    Line(FUTURES_ACCOUNT, Decimal(1), "/ES", opened=5),
    Line(FUTURES_ACCOUNT, Decimal(-3), "/MES", opened=3, active=True),
    Line(FUTURES_ACCOUNT, Decimal(4), "/MYM", opened=8, active=True),
    _option(FUTURES_ACCOUNT, -1, "/ES", "P-7", 45, 10),  # strangle
    _option(FUTURES_ACCOUNT, -1, "/ES", "C+5", 45, 10),
    _option(FUTURES_ACCOUNT, -2, "/ES", "P-11", 60, 10),  # ratio spread
    _option(FUTURES_ACCOUNT, 1, "/ES", "P-6", 60, 10),
    _option(FUTURES_ACCOUNT, 1, "/ES", "P-3", 21, 0),
    _hold(FUTURES_ACCOUNT, "0.38251947", "BTC/USD", 270),
    _option(FUTURES_ACCOUNT, 4, "SPY", "P-8", 60, 14, active=True),  # hedge
    _option(FUTURES_ACCOUNT, -2, "TSLA", "C+18", 45, 5, active=True),
    _option(FUTURES_ACCOUNT, 2, "AAPL", "P-4", 45, 3, active=True, on_bench=True),
)


def generation_of(market: Market, at: datetime) -> int:
    """The number of times the book has been rolled; 0 for the first 28 days."""
    return max(0, (at - market.epoch) // GENERATION)


@lru_cache(maxsize=1024)
def contract_of(line: Line, market: Market, generation: int) -> Contract:
    """The exact contract the line holds in that generation."""
    start = exchange_date(market.epoch + generation * GENERATION)
    futures = line.product in FUTURES
    if line.option_type is None:
        return Contract(_future(line.product, start + timedelta(days=35)) if futures else _linear(line.product))
    expiration = _friday(start, line.days) if line.days < 30 else _third_friday(start + timedelta(days=line.days - 10))
    underlying = _future(line.product, expiration) if futures else _linear(line.product)
    terms = FUTURES[line.product] if futures else PRODUCTS[line.product]
    aim = market.price(underlying, opened_at(line, market, generation)) * (1 + Decimal(str(line.strike)) / 100)
    strike = (aim / terms.strike_step).to_integral_value(ROUND_HALF_EVEN) * terms.strike_step
    return Contract(_listed(underlying, line.option_type, strike, expiration), underlying)


def opened_at(line: Line, market: Market, generation: int) -> datetime:
    """When the line was opened: before the epoch, or when the book was rolled."""
    rolls = line.option_type is not None or line.product in FUTURES
    if generation and rolls:
        return market.epoch + generation * GENERATION
    today = exchange_date(market.epoch)
    if line.opened == 0:
        midnight = datetime.combine(today, time(0), EXCHANGE_ZONE)
        return max(market.epoch - timedelta(minutes=40), midnight).astimezone(UTC)
    day = today - timedelta(days=line.opened)
    day -= timedelta(days=max(0, day.weekday() - 4))
    minutes = int(330 * draw(market.seed, "opened", line.product, line.opened))
    return (datetime.combine(day, time(9, 45), EXCHANGE_ZONE) + timedelta(minutes=minutes)).astimezone(UTC)


def underlying_instrument(product: str) -> Instrument:
    """A share, index or coin by its name."""
    return _linear(product)


def _linear(product: str) -> Instrument:
    if product == "SPX":
        kind = InstrumentType.INDEX
    else:
        kind = InstrumentType.CRYPTOCURRENCY if "/" in product else InstrumentType.EQUITY
    streamer = f"{product}:CXTALP" if kind is InstrumentType.CRYPTOCURRENCY else product
    return Instrument(_id(kind, product), product, kind, product, Decimal(1), "USD", streamer_symbol=streamer)


def _future(product: str, not_before: date) -> Instrument:
    """The first quarterly contract that expires on or after a date."""
    terms, expiration = FUTURES[product], _third_friday(not_before)
    while expiration.month % 3:
        expiration = _third_friday(expiration + timedelta(days=1))
    code = _MONTH_CODES[expiration.month - 1]
    symbol = f"{product}{code}{expiration.year % 10}"
    return Instrument(
        _id(InstrumentType.FUTURE, symbol),
        symbol,
        InstrumentType.FUTURE,
        product,
        terms.multiplier,
        "USD",
        expiration=expiration,
        expires_at=_instant(expiration, time(9, 30)),
        streamer_symbol=f"{product}{code}{expiration.year % 100}:{terms.exchange}",
    )


def _listed(underlying: Instrument, option_type: OptionType, strike: Decimal, expiration: date) -> Instrument:
    """The listed option: OCC symbols for shares and indexes, tastytrade's long form for options on futures."""
    letter, compact = option_type.value[0].upper(), f"{expiration:%y%m%d}"
    plain = f"{strike.normalize():f}"
    if underlying.type is InstrumentType.FUTURE:
        kind, multiplier = InstrumentType.FUTURE_OPTION, underlying.multiplier
        code = f"EW{(expiration.day + 6) // 7}{_MONTH_CODES[expiration.month - 1]}"
        symbol = f"./{underlying.symbol[1:]} {code}{expiration.year % 10} {compact}{letter}{plain}"
        streamer = f"./{code}{expiration.year % 100}{letter}{plain}:{FUTURES[underlying.underlying].exchange}"
        root = underlying.underlying
    else:
        kind, multiplier = InstrumentType.EQUITY_OPTION, Decimal(100)
        weekly_index = underlying.symbol == "SPX" and expiration != _third_friday(expiration.replace(day=1))
        root = "SPXW" if weekly_index else underlying.symbol
        symbol = f"{root:<6}{compact}{letter}{int(strike * 1000):08d}"
        streamer = f".{root}{compact}{letter}{plain}"
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
        expires_at=_instant(expiration, time(9, 30) if root == "SPX" else time(16)),
        streamer_symbol=streamer,
    )


def _id(kind: InstrumentType, symbol: str) -> InstrumentId:
    return InstrumentId(BROKER, f"{kind.value}:{symbol}")


def _instant(day: date, clock_time: time) -> datetime:
    return datetime.combine(day, clock_time, EXCHANGE_ZONE).astimezone(UTC)


def _friday(start: date, days: int) -> date:
    """The Friday nearest to `days` after `start`."""
    aim = start + timedelta(days=days - 3)
    return aim + timedelta(days=(4 - aim.weekday()) % 7)


def _third_friday(not_before: date) -> date:
    first = not_before.replace(day=1)
    third = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    return third if third >= not_before else _third_friday((first + timedelta(days=32)).replace(day=1))
