"""A book that an options trader could hold: 42 positions in one account, five in another. Prices hang together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.standin.book import Book
from tests.standin.payloads import (
    Json,
    balances_payload,
    changed,
    crypto_row,
    equity_row,
    future_option_row,
    future_row,
    greeks_event,
    market_data_row,
    option_row,
)

MAIN = "5WX41127"
ROTH = "5WX88203"

PRICES = {
    "AAPL": 231.4, "SPY": 598.2, "MSFT": 421.6, "NVDA": 142.35, "KO": 62.18, "BRK/B": 468.9, "QQQ": 507.7,
    "IWM": 226.05, "TSLA": 338.1, "AMZN": 203.4, "GOOGL": 176.2, "BABA": 86.4, "SPX": 5982.5,
    "/MESZ6": 6001.25, "/MYMZ6": 44120.0, "/MCLF7": 69.84, "BTC/USD": 94485.81, "ETH/USD": 3310.42,
}  # fmt: skip
VOLATILITY = 0.24
_CENT = Decimal("0.01")


def sample_book(today: date, *, has_odd_row: bool = False) -> Book:
    """Two accounts as of `today`; with `has_odd_row` one row has an instrument type nobody knows."""
    rows = main_rows(today)
    if has_odd_row:
        rows.append(changed(equity_row("XQZ1", 3, "10.0", "11.0"), instrument_type="Prediction Market"))
    book = Book()
    book.add_account(MAIN, rows, _balances(rows, "48210.37"))
    roth = roth_rows(today)
    book.add_account(ROTH, roth, _balances(roth, "9120.04"), nickname="Roth IRA")
    for symbol, kind in (("SPX", "Index"), ("/MESZ6", "Future"), ("/MCLF7", "Future")):
        book.add_market_data(market_data_row(kind, symbol, last=str(PRICES[symbol]), mark=str(PRICES[symbol] - 3)))
    for symbol in PRICES:
        if symbol[0] != "/" and symbol != "SPX" and "USD" not in symbol:
            price = PRICES[symbol]
            changes = {"bid": str(price - 0.01), "ask": str(price + 0.01), "mark": str(price), "last": str(price)}
            book.add_market_data(market_data_row("Equity", symbol, prev_close=str(round(price * 0.994, 2)), **changes))
    now = datetime.combine(today, datetime.min.time(), UTC).replace(hour=15)
    for row in (*rows, *roth):
        if "Option" in row["instrument-type"]:
            book.greeks[row["streamer-symbol"]] = _greeks(row, today, now)
    return book


def main_rows(today: date) -> list[Json]:
    """42 rows: 13 of shares, cryptocurrencies, futures and one closed today, 29 options."""
    near, far = _friday(today, 2), _friday(today, 6)
    return [
        _shares("AAPL", 300, "198.12"), _shares("SPY", 100, "561.40"), _shares("MSFT", 50, "402.77"),
        _shares("NVDA", -40, "149.10"), _shares("KO", "100.29", "58.3175"), _shares("BRK/B", 10, "441.00"),
        crypto_row("BTC/USD", "0.02187654", "61020.55", "94485.81"), crypto_row("ETH/USD", "1.5", "2904.1", "3310.42"),
        _option("AAPL", far, "C", 250, -3, today),
        *_condor("SPY", far, (560, 570, 625, 635), 2, today),
        *_strangle("QQQ", far, (470, 545), today),
        _option("MSFT", near, "C", 430, -1, today), _option("MSFT", far, "C", 430, 1, today),
        _option("NVDA", far, "P", 130, -2, today), _option("NVDA", far, "P", 120, 2, today),
        *_condor("IWM", near, (210, 215, 238, 243), 3, today),
        _option("SPX", far, "P", 5600, -1, today), _option("SPX", far, "P", 5500, 1, today),
        *_condor("SPX", near, (5700, 5750, 6150, 6200), 1, today, root="SPXW"),
        *_strangle("TSLA", near, (300, 380), today),
        _option("AMZN", far, "C", "207.5", 5, today),
        future_row("/MESZ6", 2, "5950.50", "6001.25", multiplier=5),
        future_row("/MYMZ6", 1, "43870.0", "44120.0", multiplier="0.5"),
        future_row("/MCLF7", -1, "71.02", "69.84", multiplier=100),
        _future_option("/MESZ6", "EX3Z6", far, "P", 5700, -2, today, 5),
        _future_option("/MESZ6", "EX3Z6", far, "P", 5600, 2, today, 5),
        _future_option("/MESZ6", "EX3Z6", far, "C", 6200, -1, today, 5),
        _future_option("/MCLF7", "MCOF7", far, "P", 64, -1, today, 100),
        _future_option("/MCLF7", "MCOF7", far, "C", 77, -1, today, 100),
        equity_row(
            "GOOGL", 0, "171.05", "176.20",
            realized_today="412.0", realized_today_effect="Credit", realized_today_date=today.isoformat(),
            realized_day_gain="96.5", realized_day_gain_effect="Credit", realized_day_gain_date=today.isoformat(),
        ),
        _option("BABA", far, "C", 90, 1, today, root="BABA2"),
    ]  # fmt: skip


def roth_rows(today: date) -> list[Json]:
    far = _friday(today, 6)
    return [
        _shares("AAPL", 20, "187.5"),
        _shares("SPY", "12.5", "540.02"),
        _option("SPY", far, "P", 570, -1, today),
        _option("SPY", far, "P", 560, 1, today),
        _option("AAPL", far, "C", 250, 1, today),
    ]


def _friday(today: date, weeks: int) -> date:
    """The Friday so many weeks after the coming one."""
    return today + timedelta(days=(4 - today.weekday()) % 7 + 7 * weeks)


def _shares(symbol: str, quantity: int | str, average_open_price: str) -> Json:
    price = PRICES[symbol]
    close = str(round(price * 0.994, 2))
    return equity_row(symbol, quantity, average_open_price, str(price), average_daily_market_close_price=close)


def _option(
    underlying: str, expiration: date, letter: str, strike: int | str, quantity: int, today: date, root: str = ""
) -> Json:
    price, *_ = _black_scholes(PRICES[underlying], float(strike), letter, (expiration - today).days)
    prices = _prices(price)
    return option_row(
        underlying, expiration, letter, strike, quantity, prices[0], prices[1],
        root=root or None, average_daily_market_close_price=prices[2],
    )  # fmt: skip


def _future_option(
    contract: str, option: str, expiration: date, letter: str, strike: int, quantity: int, today: date, multiplier: int
) -> Json:
    price, *_ = _black_scholes(PRICES[contract], strike, letter, (expiration - today).days)
    prices = _prices(price)
    return future_option_row(
        contract, option, expiration, letter, strike, quantity, prices[0], prices[1],
        multiplier=multiplier, average_daily_market_close_price=prices[2],
    )  # fmt: skip


def _condor(
    underlying: str, expiration: date, strikes: tuple[int, int, int, int], quantity: int, today: date, root: str = ""
) -> list[Json]:
    sides = (("P", 1), ("P", -1), ("C", -1), ("C", 1))
    return [
        _option(underlying, expiration, letter, strike, sign * quantity, today, root)
        for strike, (letter, sign) in zip(strikes, sides, strict=True)
    ]


def _strangle(underlying: str, expiration: date, strikes: tuple[int, int], today: date) -> list[Json]:
    put, call = strikes
    return [_option(underlying, expiration, "P", put, -1, today), _option(underlying, expiration, "C", call, -1, today)]


def _prices(model: float) -> tuple[str, str, str]:
    """Average open price, mark and previous close around a model price."""
    return str(round(model * 1.12 + 0.01, 2)), str(round(model + 0.005, 2)), str(round(model * 1.03 + 0.01, 2))


def _greeks(row: Json, today: date, now: datetime) -> Json:
    underlying, symbol = row["underlying-symbol"], row["streamer-symbol"].split(":")[0]
    letter = "C" if "C" in symbol[-7:] else "P"
    strike = float(symbol.rsplit(letter, 1)[1])
    days = (datetime.fromisoformat(row["expires-at"]).date() - today).days
    price, delta, gamma, theta, vega = _black_scholes(PRICES[underlying], strike, letter, days)
    values = {"price": price, "gamma": gamma, "theta": theta, "vega": vega, "volatility": VOLATILITY}
    return greeks_event(delta, **values, time=int(now.timestamp() * 1000))


def _black_scholes(spot: float, strike: float, letter: str, days: int) -> tuple[float, float, float, float, float]:
    """Price, delta, gamma, theta per day and vega per point at the sample's volatility and no interest (Black 1976)."""
    years = max(days, 1) / 365
    spread = VOLATILITY * math.sqrt(years)
    d1 = math.log(spot / strike) / spread + spread / 2
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    call = spot * _normal(d1) - strike * _normal(d1 - spread)
    price, delta = (call, _normal(d1)) if letter == "C" else (call - spot + strike, _normal(d1) - 1)
    theta = -spot * density * VOLATILITY / (2 * math.sqrt(years)) / 365
    return price, delta, density / (spot * spread), theta, spot * density * math.sqrt(years) / 100


def _normal(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def _balances(rows: Iterable[Json], cash: str) -> Json:
    """Balances whose net liquidating value is cash and everything held, futures at 0."""
    sign = {"Long": 1, "Short": -1, "Zero": 0}
    held = [row for row in rows if row["instrument-type"] != "Future" and "mark" in row]
    value = sum((Decimal(row["mark"]) * sign[row["quantity-direction"]] for row in held), Decimal(0))
    return balances_payload((Decimal(cash) + value).quantize(_CENT), cash)
