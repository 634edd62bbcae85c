"""The demo's market: prices and implied volatilities as a pure function of a seed and the time. It never sleeps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from hashlib import blake2b

from cotrader_tui.domain.black_scholes import Valuation, black_76, black_scholes_merton
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source

RATE = 0.04
_YEAR = 365 * 86_400.0
_CENT = Decimal("0.01")
_MARKET_VOLATILITY = 0.15
_PERIODS = (37, 173, 660, 2_820, 14_760, 111_600, 544_000, 2_680_000, 11_200_000, 35_400_000)
"""Seconds. Each wave swings about as far as a random walk would in that time, so any horizon looks alive."""


@dataclass(frozen=True, slots=True)
class Product:
    """What has a price of its own; futures follow the index they are on."""

    price: float
    """At the epoch."""
    volatility: float
    beta: float
    dividend_yield: float = 0.0
    strike_step: Decimal = Decimal(1)
    tick: Decimal = _CENT
    option_tick: Decimal = _CENT


PRODUCTS = {
    "AAPL": Product(231.40, 0.28, 1.2, 0.004, Decimal("2.5")),
    "AMD": Product(214.60, 0.48, 1.8, 0.0, Decimal("2.5")),
    "AMZN": Product(228.15, 0.31, 1.3, 0.0, Decimal("2.5")),
    "GLD": Product(371.80, 0.18, 0.1),
    "IWM": Product(241.90, 0.22, 1.2, 0.011),
    "KO": Product(71.20, 0.16, 0.5, 0.028),
    "MSFT": Product(505.30, 0.25, 1.1, 0.007, Decimal(5)),
    "NVDA": Product(183.70, 0.42, 1.7, 0.0, Decimal("2.5")),
    "PLTR": Product(171.25, 0.58, 1.8, 0.0, Decimal("2.5")),
    "QQQ": Product(604.50, 0.2, 1.2, 0.005),
    "SCHD": Product(27.45, 0.14, 0.7, 0.036),
    "SPY": Product(683.10, 0.15, 1.0, 0.012),
    "TLT": Product(89.35, 0.15, -0.1, 0.042),
    "TSLA": Product(408.90, 0.55, 1.9, 0.0, Decimal(5)),
    "XLE": Product(90.40, 0.24, 0.8, 0.033),
    "SPX": Product(6845.20, 0.15, 1.0, 0.012, Decimal(25), _CENT, Decimal("0.05")),
    "DJI": Product(47420.0, 0.14, 0.9, 0.016),
    "BTC/USD": Product(97_850.0, 0.55, 1.2),
}


@dataclass(frozen=True, slots=True)
class FuturesProduct:
    """A futures product on the index `index`."""

    index: str
    multiplier: Decimal
    tick: Decimal
    option_tick: Decimal = Decimal("0.05")
    strike_step: Decimal = Decimal(25)


FUTURES = {
    "/ES": FuturesProduct("SPX", Decimal(50), Decimal("0.25")),
    "/MES": FuturesProduct("SPX", Decimal(5), Decimal("0.25")),
    "/MYM": FuturesProduct("DJI", Decimal("0.5"), Decimal(1)),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """An instrument with the one that moves its price; `underlying` is `None` if it is its own."""

    instrument: Instrument
    underlying: Instrument | None = None


def draw(seed: int, *key: object) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    text = ":".join(map(str, (seed, *key)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / 2**64


def product_volatility(instrument: Instrument) -> float:
    """The yearly volatility of what moves the instrument, as a fraction."""
    return PRODUCTS[_product(instrument)].volatility


def last_close(on: date) -> datetime:
    """The close (16:00 New York) of the last weekday before `on`."""
    day = on - timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return datetime.combine(day, time(16), EXCHANGE_ZONE)


@dataclass(frozen=True, slots=True)
class Market:
    """The market of one demo database: `epoch` is the instant it was made."""

    seed: int
    epoch: datetime

    def price(self, instrument: Instrument, at: datetime) -> Decimal:
        """The price of a share, index, coin or future at the whole second of `at`, on its tick."""
        product = PRODUCTS[name := _product(instrument)]
        price = product.price * math.exp(self._log_return(name, product, at))
        tick = product.tick
        if instrument.type is InstrumentType.FUTURE and instrument.expires_at is not None:
            price *= math.exp((RATE - product.dividend_yield) * _years(at, instrument.expires_at))
            tick = FUTURES[instrument.underlying].tick
        return (Decimal(repr(price)) / tick).to_integral_value() * tick

    def valuation(self, contract: Contract, at: datetime, shock: float = 0.0) -> tuple[Valuation, float] | None:
        """Value an option (and say at what implied volatility); `shock` moves the underlying by that fraction.

        `None` for what is no option or has expired.
        """
        option = contract.instrument
        if contract.underlying is None or option.option_type is None or option.strike is None:
            return None
        if option.expires_at is None or at >= option.expires_at:
            return None
        price, strike = float(self.price(contract.underlying, at)), float(option.strike)
        years = _years(at, option.expires_at)
        volatility = self._implied_volatility(contract.underlying, price, strike, years, at)
        price *= 1 + shock
        if option.type is InstrumentType.FUTURE_OPTION:
            return black_76(option.option_type, price, strike, years, RATE, volatility), volatility
        carry = PRODUCTS[_product(option)].dividend_yield
        return black_scholes_merton(option.option_type, price, strike, years, RATE, carry, volatility), volatility

    def mark(self, contract: Contract, at: datetime) -> Decimal:
        """The mark per unit; of an expired option what it was worth when it expired."""
        option = contract.instrument
        if contract.underlying is None:
            return self.price(option, at)
        if option.expires_at is not None and at >= option.expires_at and option.strike is not None:
            moneyness = self.price(contract.underlying, option.expires_at) - option.strike
            return max(Decimal(0), moneyness if option.option_type is OptionType.CALL else -moneyness)
        valued = self.valuation(contract, at)
        if valued is None:
            raise ValueError(f"{option.symbol} is neither linear nor an option")
        return Decimal(repr(valued[0].price)).quantize(_CENT)

    def quote(self, contract: Contract, at: datetime, previous_close: Decimal, source: Source) -> Quote:
        """The instrument's quote; an index has a last price only."""
        instrument, mark = contract.instrument, self.mark(contract, at)
        quote = Quote(instrument.id, mark, MarkSource.BROKER, at, source, last=mark, previous_close=previous_close)
        if instrument.type is InstrumentType.INDEX:
            return replace(quote, mark_source=MarkSource.LAST)
        tick = _tick(instrument)
        half_spread = mark * Decimal("0.006") if instrument.is_option else tick
        bid = ((mark - half_spread) / tick).to_integral_value(ROUND_FLOOR) * tick
        ask = ((mark + half_spread) / tick).to_integral_value(ROUND_CEILING) * tick
        return replace(quote, bid=max(bid, Decimal(0)), ask=ask)

    def greeks(self, contract: Contract, at: datetime, source: Source) -> Greeks | None:
        """The Greeks of an option that has not expired, from the same inputs as its mark."""
        if (valued := self.valuation(contract, at)) is None:
            return None
        v, volatility = valued
        key, as_of = contract.instrument.id, _whole(at)
        return Greeks(key, v.delta, v.gamma, v.theta, v.vega, v.rho, volatility, as_of, at, source)

    def _log_return(self, name: str, product: Product, at: datetime) -> float:
        """ln(price / price at the epoch): a share of the whole market and a part of its own."""
        common = product.beta * _MARKET_VOLATILITY
        own = math.sqrt(max(0.0, product.volatility**2 - common**2))
        seconds = math.floor((at - self.epoch).total_seconds())
        return sum(
            share * (_wander(self.seed, walk, seconds) - _wander(self.seed, walk, 0))
            for share, walk in ((common, "market"), (own, name))
            if share
        )

    def _implied_volatility(
        self, underlying: Instrument, price: float, strike: float, years: float, at: datetime
    ) -> float:
        """A level that wanders with time, skewed towards low strikes, by distance in standard deviations."""
        name = _product(underlying)
        seconds = math.floor((at - self.epoch).total_seconds())
        level = 1.08 * PRODUCTS[name].volatility * math.exp(0.2 * _wander(self.seed, f"iv {name}", seconds))
        distance = min(2.5, max(-2.5, math.log(strike / price) / (level * math.sqrt(years))))
        return round(level * (1 - 0.09 * distance + 0.025 * distance**2), 4)


@lru_cache(maxsize=256)
def _waves(seed: int, walk: str) -> tuple[tuple[float, float, float], ...]:
    """(amplitude, angular speed, phase) of each wave of a walk with a volatility of 1."""
    periods = [period * (0.8 + 0.4 * draw(seed, walk, "period", period)) for period in _PERIODS]
    return tuple(
        (0.4 * math.sqrt((period + 600) / _YEAR), math.tau / period, math.tau * draw(seed, walk, "phase", i))
        for i, period in enumerate(periods)
    )


def _wander(seed: int, walk: str, seconds: int) -> float:
    noise = 6 * (draw(seed, walk, seconds) - 0.5) * math.sqrt(1 / _YEAR)
    return noise + sum(size * math.sin(speed * seconds + phase) for size, speed, phase in _waves(seed, walk))


def _product(instrument: Instrument) -> str:
    futures = FUTURES.get(instrument.underlying)
    return futures.index if futures else instrument.underlying


def _tick(instrument: Instrument) -> Decimal:
    product = FUTURES.get(instrument.underlying) or PRODUCTS[instrument.underlying]
    return product.option_tick if instrument.is_option else product.tick


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _years(at: datetime, until: datetime) -> float:
    return max((until - _whole(at)).total_seconds(), 1.0) / _YEAR
