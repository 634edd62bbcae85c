"""The demo's book as data: three accounts, and what each line holds when a generation of the book begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from cotrader_tui.brokers.demo.contracts import BROKER, friday, future, option, share, third_friday
from cotrader_tui.brokers.demo.market import FUTURES, PRODUCTS, Contract, Market, draw
from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import OptionType
from cotrader_tui.domain.portfolio import Account

GENERATION = timedelta(days=28)
"""After so many days every option and future is rolled, so that an old demo still shows a living book."""

ACCOUNTS = {
    number: Account(AccountId(BROKER, number), nickname, "USD")
    for number, nickname in (("DEMO01", "Margin"), ("DEMO02", "Roth IRA"), ("DEMO03", "Futures"))
}
CAPITAL = {"DEMO01": Decimal(245_000), "DEMO02": Decimal(195_000), "DEMO03": Decimal(260_000)}
"""Net liquidating value if every position had just been opened."""

_TABLE = """
DEMO01  300         AAPL     -     -    410
DEMO01  -3          AAPL     C+6   45   12
DEMO01  100         MSFT     -     -    230
DEMO01  -1          MSFT     C+5   21   9
DEMO01  -2          SPY      P-5   45   10
DEMO01  -2          SPY      C+4   45   10
DEMO01  1           SPX      P-9   45   11
DEMO01  -1          SPX      P-7   45   11
DEMO01  -1          SPX      C+4.5 45   11
DEMO01  1           SPX      C+6.5 45   11
DEMO01  -1          SPX      P-2.5 7    0
DEMO01  1           SPX      P-4   7    0
DEMO01  -2          NVDA     C+3   21   6
DEMO01  2           NVDA     C+3   80   6
DEMO01  -2          TSLA     P-14  45   8    active
DEMO01  3           AMZN     C+5   200  20   active
DEMO01  -2          IWM      P-6   45   7    active
DEMO01  -1          PLTR     P-15  45   5    bench
DEMO02  50          AAPL     -     -    350
DEMO02  250         KO       -     -    500
DEMO02  -2          KO       C+4   45   12
DEMO02  40          SPY      -     -    300
DEMO02  412.3847    SCHD     -     -    190
DEMO02  60          GLD      -     -    120
DEMO02  1           QQQ      P-9   45   13
DEMO02  -1          QQQ      P-7   45   13
DEMO02  -1          QQQ      C+5   45   13
DEMO02  1           QQQ      C+7   45   13
DEMO02  -1          AMD      P-11  45   6    active
DEMO02  -3          XLE      P-5   45   9    active
DEMO02  -4          TLT      P-3   80   15   active
DEMO02  -1          GLD      C+6   45   4    bench
DEMO03  1           /ES      -     -    5
DEMO03  -3          /MES     -     -    3    active
DEMO03  4           /MYM     -     -    8    active
DEMO03  -1          /ES      P-7   45   10
DEMO03  -1          /ES      C+5   45   10
DEMO03  -2          /ES      P-11  80   10
DEMO03  1           /ES      P-6   80   10
DEMO03  1           /ES      P-3   21   0
DEMO03  0.38251947  BTC/USD  -     -    270
DEMO03  4           SPY      P-8   80   14   active
DEMO03  -2          TSLA     C+18  45   5    active
DEMO03  2           AAPL     P-4   45   3    bench
"""
"""Account, quantity, underlying, option (call or put, strike in percent from the underlying), days to expiration aimed
at, days since it was opened (0: earlier today). Fills happen on active lines; those on the bench begin without a
position. Shares, covered calls, strangles, iron condors, a put spread, a calendar, a ratio spread, short puts, hedges.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    account: str
    quantity: Decimal
    underlying: str
    option: str
    days: int
    opened: int
    is_active: bool
    on_bench: bool

    @property
    def rolls(self) -> bool:
        """Whether it is opened anew when a generation of the book begins."""
        return self.option != "-" or self.underlying in FUTURES


def _line(row: str) -> Line:
    account, quantity, underlying, code, days, opened, *mark = row.split()
    target = 0 if days == "-" else int(days)
    return Line(account, Decimal(quantity), underlying, code, target, int(opened), bool(mark), mark == ["bench"])


BOOK = tuple(_line(row) for row in _TABLE.strip().splitlines())


def generation_of(market: Market, at: datetime) -> int:
    """How often the book has been rolled; 0 for the first 28 days."""
    return max(0, (at - market.epoch) // GENERATION)


def contract_of(line: Line, market: Market, generation: int) -> Contract:
    """The exact contract the line holds in that generation."""
    start = exchange_date(market.epoch + generation * GENERATION)
    terms = FUTURES.get(line.underlying)
    if line.option == "-":
        return Contract(future(line.underlying, start + timedelta(days=35)) if terms else share(line.underlying))
    expiration = friday(start, line.days) if line.days < 30 else third_friday(start + timedelta(days=line.days - 10))
    underlying = future(line.underlying, expiration) if terms else share(line.underlying)
    step = terms.strike_step if terms else PRODUCTS[line.underlying].strike_step
    aim = market.price(underlying, opened_at(line, market, generation)) * (1 + Decimal(line.option[1:]) / 100)
    option_type = OptionType.CALL if line.option[0] == "C" else OptionType.PUT
    return Contract(option(underlying, option_type, (aim / step).to_integral_value() * step, expiration), underlying)


def opened_at(line: Line, market: Market, generation: int) -> datetime:
    """When the line was opened: before the epoch, or when the book was rolled."""
    if generation and line.rolls:
        return market.epoch + generation * GENERATION
    today = exchange_date(market.epoch)
    if line.opened == 0:
        midnight = datetime.combine(today, time(0), EXCHANGE_ZONE)
        return max(market.epoch - timedelta(minutes=40), midnight).astimezone(UTC)
    day = today - timedelta(days=line.opened)
    day -= timedelta(days=max(0, day.weekday() - 4))
    minutes = int(330 * draw(market.seed, "opened", line.underlying, line.opened))
    return (datetime.combine(day, time(9, 45), EXCHANGE_ZONE) + timedelta(minutes=minutes)).astimezone(UTC)
