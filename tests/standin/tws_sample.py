"""A book at Interactive Brokers that an options trader could hold: two accounts, 21 positions of all kinds."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

from tests.standin.tws_book import TwsBook, TwsContract, TwsGreeks, TwsMarket, TwsPosition, balance_values

MARGIN = "DU5550117"
IRA = "DU5550118"
EURO_RATE = Decimal("1.17")

SHARES = {"AAPL": 231.4, "SPY": 598.2, "MSFT": 421.6, "BRK B": 468.9, "NVDA": 142.35}
SPX, ES_FUTURE, EURO_FUTURE, SAP = 5982.5, 6001.25, 1.1745, 243.1
VOLATILITY = 0.24
_IDS = {"AAPL": 265598, "SPY": 756733, "MSFT": 272093, "BRK B": 72063691, "NVDA": 4815747}
_SPX_ID, _SAP_ID, _ES_ID, _EURO_ID = 416904, 14204, 495512563, 495512572
_MONTHS = "FGHJKMNQUVXZ"


def sample_book(today: date) -> TwsBook:
    """The book as of `today`. Prices, Greeks, P&L and values hang together."""
    maker = _Maker(TwsBook(), today)
    maker.underlyings()
    near, far = maker.friday(2), maker.friday(6)
    margin = [
        maker.shares("AAPL", 300, "198.12"), maker.shares("SPY", 100, "561.40"), maker.shares("MSFT", 50, "402.77"),
        maker.shares("BRK B", 10, "441.00"), maker.shares("NVDA", -40, "149.10"), maker.sap(25, "201.5"),
        maker.option("AAPL", far, "C", 250, -3), maker.option("SPY", far, "P", 560, 2),
        maker.option("SPY", far, "P", 570, -2), maker.option("SPY", far, "C", 625, -2),
        maker.option("SPY", far, "C", 635, 2), maker.option("MSFT", near, "C", 430, -1),
        maker.option("NVDA", far, "P", 130, -2), maker.option("SPX", far, "P", 5600, -1),
        maker.option("SPX", near, "P", 5750, -1, root="SPXW"), maker.option("SPX", near, "P", 5700, 1, root="SPXW"),
        maker.future(_ES_ID, 1, "325000", ES_FUTURE, 50), maker.future(_EURO_ID, -1, "147500", EURO_FUTURE, 125000),
        maker.future_option(far, "P", 5700, -2),
    ]  # fmt: skip
    ira = [maker.shares("AAPL", 20, "187.5"), maker.option("AAPL", far, "C", 250, 1)]
    maker.book.add_account(MARGIN, margin, _values(margin, "48210.37"))
    maker.book.add_account(IRA, ira, _values(ira, "9120.04"))
    return maker.book


class _Maker:
    """Contracts and positions with prices from one model."""

    def __init__(self, book: TwsBook, today: date) -> None:
        self.book = book
        self._today = today
        self._next_id = 700001

    def friday(self, weeks: int) -> date:
        """The Friday so many weeks after the coming one."""
        return self._today + timedelta(days=(4 - self._today.weekday()) % 7 + 7 * weeks)

    def underlyings(self) -> None:
        for symbol, price in SHARES.items():
            self._add(
                TwsContract(_IDS[symbol], symbol, local_symbol=symbol, trading_class="NMS", listing="NASDAQ"), price
            )
        self._add(TwsContract(_SPX_ID, "SPX", "IND", exchange="CBOE", local_symbol="SPX", trading_class="SPX"), SPX)
        self._add(
            TwsContract(
                _SAP_ID, "SAP", currency="EUR", local_symbol="SAP", trading_class="XETRA", listing="IBIS"
            ), SAP,
        )  # fmt: skip
        for con_id, symbol, root, price, multiplier in (
            (_ES_ID, "ES", "ES", ES_FUTURE, "50"), (_EURO_ID, "EUR", "6E", EURO_FUTURE, "125000"),
        ):  # fmt: skip
            expiry, code = self._quarter()
            contract = TwsContract(
                con_id, symbol, "FUT", f"{expiry:%Y%m%d}", multiplier=multiplier, exchange="CME",
                local_symbol=f"{root}{code}", trading_class=root, under_symbol=symbol, under_sec_type="IND",
                real_expiration=f"{expiry:%Y%m%d}",
            )  # fmt: skip
            self._add(contract, price)

    def shares(self, symbol: str, quantity: int, average_cost: str) -> TwsPosition:
        return _position(_IDS[symbol], quantity, average_cost, SHARES[symbol], 1)

    def sap(self, quantity: int, average_cost: str) -> TwsPosition:
        return _position(_SAP_ID, quantity, average_cost, SAP, 1, rate=EURO_RATE)

    def future(self, con_id: int, quantity: int, average_cost: str, price: float, multiplier: int) -> TwsPosition:
        return _position(con_id, quantity, average_cost, price, multiplier)

    def option(
        self, symbol: str, expiration: date, right: str, strike: int, quantity: int, root: str = ""
    ) -> TwsPosition:
        spot, under_id = (SPX, _SPX_ID) if symbol == "SPX" else (SHARES[symbol], _IDS[symbol])
        name, text = root or symbol, f"{expiration:%Y%m%d}"
        contract = TwsContract(
            self._new_id(), symbol, "OPT", text, str(strike), right, "100",
            local_symbol=f"{name:<6}{expiration:%y%m%d}{right}{strike * 1000:08d}", trading_class=name,
            under_con_id=under_id, under_symbol=symbol, under_sec_type="IND" if symbol == "SPX" else "STK",
            real_expiration=text,
        )  # fmt: skip
        return self._optional(contract, spot, expiration, quantity, 100)

    def future_option(self, expiration: date, right: str, strike: int, quantity: int) -> TwsPosition:
        text = f"{expiration:%Y%m%d}"
        contract = TwsContract(
            self._new_id(), "ES", "FOP", text, str(strike), right, "50", exchange="CME",
            local_symbol=f"EW3{self._quarter()[1]} {right}{strike}", trading_class="EW3", under_con_id=_ES_ID,
            under_symbol="ES", under_sec_type="FUT", real_expiration=text,
        )  # fmt: skip
        return self._optional(contract, ES_FUTURE, expiration, quantity, 50)

    def _optional(
        self, contract: TwsContract, spot: float, expiration: date, quantity: int, multiplier: int
    ) -> TwsPosition:
        price, greeks = _model(spot, float(contract.strike), contract.right, (expiration - self._today).days)
        self._add(contract, price, greeks)
        cost = f"{(price * 1.12 + 0.01) * multiplier:.4f}"
        return _position(contract.con_id, quantity, cost, round(price, 2), multiplier)

    def _add(self, contract: TwsContract, price: float, greeks: TwsGreeks | None = None) -> None:
        self.book.add_contracts(contract)
        mark = f"{price:.4f}"
        self.book.market[contract.con_id] = TwsMarket(
            bid="" if contract.sec_type == "IND" else f"{price * 0.999:.4f}",
            ask="" if contract.sec_type == "IND" else f"{price * 1.001:.4f}",
            last=mark, close=f"{price * 0.994:.4f}", greeks=greeks,
        )  # fmt: skip

    def _quarter(self) -> tuple[date, str]:
        """The next quarter's third Friday, and its month code with the year's last digit."""
        month, year = (self._today.month - 1) // 3 * 3 + 3, self._today.year
        first = date(year, month, 1)
        third_friday = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
        return third_friday, f"{_MONTHS[month - 1]}{year % 10}"

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id


def _position(
    con_id: int, quantity: int, average_cost: str, price: float, multiplier: int, rate: Decimal = Decimal(1)
) -> TwsPosition:
    """With P&L in the base currency: a day's gain of 0.6 % of the price, everything since entry."""
    value = Decimal(str(price)) * quantity * multiplier
    unrealized = value - Decimal(average_cost) * quantity
    return TwsPosition(
        con_id, str(quantity), average_cost, daily=f"{value * rate * Decimal('0.006'):.4f}",
        unrealized=f"{unrealized * rate:.4f}", value=f"{value * rate:.4f}", price=f"{price:.4f}",
        market_value=f"{value:.4f}",
    )  # fmt: skip


def _values(positions: list[TwsPosition], cash: str) -> dict[tuple[str, str], str]:
    """Account values whose net liquidating value is cash and everything held, futures left out."""
    held = [row for row in positions if row.con_id not in {_ES_ID, _EURO_ID}]
    value = sum((Decimal(row.value) for row in held), Decimal(0))
    values = balance_values(f"{Decimal(cash) + value:.2f}", cash)
    values["GrossPositionValue", "USD"] = f"{sum(abs(Decimal(row.value)) for row in held):.2f}"
    values["ExchangeRate", "EUR"] = str(EURO_RATE)
    return values


def _model(spot: float, strike: float, right: str, days: int) -> tuple[float, TwsGreeks]:
    """Price and Greeks at the sample's volatility and no interest (Black 1976)."""
    years = max(days, 1) / 365
    spread = VOLATILITY * math.sqrt(years)
    d1 = math.log(spot / strike) / spread + spread / 2
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    call = spot * _normal(d1) - strike * _normal(d1 - spread)
    price, delta = (call, _normal(d1)) if right == "C" else (call - spot + strike, _normal(d1) - 1)
    theta = -spot * density * VOLATILITY / (2 * math.sqrt(years)) / 365
    greeks = TwsGreeks(
        iv=str(VOLATILITY), delta=f"{delta:.6f}", price=f"{price:.4f}", gamma=f"{density / (spot * spread):.8f}",
        vega=f"{spot * density * math.sqrt(years) / 100:.6f}", theta=f"{theta:.6f}", underlying=str(spot),
    )  # fmt: skip
    return price, greeks


def _normal(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2
