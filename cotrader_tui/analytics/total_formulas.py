"""The formulas of the figures of an underlying and of an account: mostly sums over positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from cotrader_tui.analytics.currency import Rates
from cotrader_tui.analytics.exposure import UnderlyingExposure, exposures
from cotrader_tui.analytics.formula import Formula, Input, Unit, Value
from cotrader_tui.analytics.greeks import counts_for_greeks, position_greeks
from cotrader_tui.analytics.pnl import day_parts
from cotrader_tui.analytics.position_formulas import LEG_FORMULAS
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.totals import PnlTotals, account_pnls
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot

_PARTIAL = "Of the positions of which it is known; the screen marks a sum that misses some."
_GREEKS = "Over the legs that should have Greeks and have not expired, of which it is known; legs tells of how many."
_CLOSED = "Positions closed today add what they realized today."
_CONVERTED = "In the account's base currency; what has no exchange rate to it is left out and named."


def _part(leg: Leg, formula: str, now: datetime) -> Input:
    """A leg's own figure as a part of a sum."""
    of = LEG_FORMULAS[formula]
    at = min((each.at for each in of.inputs(leg, now) if each.at is not None), default=None)
    return Input(_name(leg), of.result(leg, now), of.unit, "worked out", at, of.is_amount, formula, leg)


def _name(leg: Leg) -> str:
    return f"{leg.position.instrument.symbol} at {leg.position.account.number}"


def _day_parts(legs: Iterable[Leg], closed: Iterable[Leg], now: datetime) -> Iterator[tuple[Leg, Input]]:
    for leg, amount in day_parts(legs, closed, exchange_date(now)):
        part = _part(leg, "day_pnl", now)
        is_closed = leg.position.closed_at is not None
        source = "broker, realized today" if is_closed else part.source
        at = leg.position.last_synced_at if is_closed else part.at
        formula = "" if is_closed else "day_pnl"
        yield leg, replace(part, value=amount, unit=Unit.MONEY, source=source, at=at, is_amount=True, formula=formula)


# Underlyings: the subject is the book narrowed to one of them (`exposure.only_underlying`).

UnderlyingFormula = Formula[PortfolioSnapshot]


def _exposure(book: PortfolioSnapshot, now: datetime) -> UnderlyingExposure:
    return exposures(book, now)[0]


def _sum_of_legs(
    id_: str, result: Callable[[UnderlyingExposure], Value], *, of_greeks: bool = False, note: str = _PARTIAL
) -> UnderlyingFormula:
    of = LEG_FORMULAS[id_]

    def inputs(book: PortfolioSnapshot, now: datetime) -> tuple[Input, ...]:
        legs = included(book, book.legs)
        return tuple(_part(leg, id_, now) for leg in legs if not of_greeks or counts_for_greeks(leg, now))

    return Formula(
        id_,
        of.name,
        f"Σ {of.name[0].lower()}{of.name[1:]}",
        of.unit,
        of.sign,
        "by definition",
        lambda book, now: result(_exposure(book, now)),
        inputs,
        is_amount=True,
        note=note,
    )


def _dollar_parts(book: PortfolioSnapshot, now: datetime) -> tuple[Input, ...]:
    legs = (leg for leg in included(book, book.legs) if position_greeks(leg, now).delta is not None)
    return tuple(_part(leg, "delta_dollars", now) for leg in legs)


def _underlying_price(book: PortfolioSnapshot, now: datetime) -> tuple[Input, ...]:
    value = _exposure(book, now).price
    quotes = (quote for leg in book.legs for quote in (leg.quote, leg.underlying_quote) if quote is not None)
    at = next((quote.received_at for quote in quotes if quote.mark == value), None)
    source = "the underlying's mark" if value is not None else "no quote of it has arrived"
    return (Input("price", value, Unit.PRICE, source, at),)


def _with_greeks(book: PortfolioSnapshot, now: datetime) -> tuple[Input, ...]:
    counted = (leg for leg in included(book, book.legs) if counts_for_greeks(leg, now))
    return tuple(
        Input(_name(leg), int(position_greeks(leg, now).is_complete), Unit.LEGS, "1 where all four are known", leg=leg)
        for leg in counted
    )


_UNDERLYING: tuple[UnderlyingFormula, ...] = (
    Formula(
        "price",
        "Price",
        "price",
        Unit.PRICE,
        "",
        "told",
        lambda book, now: _exposure(book, now).price,
        _underlying_price,
        note="The underlying's mark; of a futures product that of the front contract held.",
    ),
    _sum_of_legs("delta", lambda each: each.delta, of_greeks=True, note=_GREEKS),
    _sum_of_legs("gamma", lambda each: each.gamma, of_greeks=True, note=_GREEKS),
    _sum_of_legs("theta", lambda each: each.theta, of_greeks=True, note=_GREEKS),
    _sum_of_legs("vega", lambda each: each.vega, of_greeks=True, note=_GREEKS),
    Formula(
        "delta_dollars",
        "Delta dollars",
        "Σ delta dollars",
        Unit.MONEY,
        "+ gains when it rises",
        LEG_FORMULAS["delta_dollars"].source,
        lambda book, now: _exposure(book, now).delta_dollars,
        _dollar_parts,
        is_amount=True,
        note="Each leg's delta × its own underlying's price. Unknown where one with a delta has no such price.",
        is_whole=True,
    ),
    _sum_of_legs("market_value", lambda each: each.market_value.value),
    _sum_of_legs("open_pnl", lambda each: each.open_pnl.value),
    Formula(
        "day_pnl",
        "Day P&L",
        "Σ day P&L",
        Unit.MONEY,
        "+ gain, − loss",
        "by definition",
        lambda book, now: _exposure(book, now).day_pnl.value,
        lambda book, now: tuple(
            part for _, part in _day_parts(included(book, book.legs), included(book, book.closed_today), now)
        ),
        is_amount=True,
        note=f"{_PARTIAL} {_CLOSED}",
    ),
    Formula(
        "legs_with_greeks",
        "Legs with Greeks",
        "Σ legs with all of delta, gamma, theta and vega",
        Unit.LEGS,
        "",
        "by definition",
        lambda book, now: _exposure(book, now).legs_with_greeks,
        _with_greeks,
    ),
)
UNDERLYING_FORMULAS: dict[str, UnderlyingFormula] = {formula.id: formula for formula in _UNDERLYING}
"""Of one underlying in one currency, by id."""


# Accounts


@dataclass(frozen=True, slots=True)
class AccountInBook:
    """An account within the book whose exchange rates its totals use."""

    account: AccountId
    snapshot: PortfolioSnapshot

    @property
    def book(self) -> AccountBook | None:
        return next((book for book in self.snapshot.accounts if book.account.id == self.account), None)

    def pnl(self, now: datetime) -> PnlTotals | None:
        return account_pnls(self.snapshot, now).get(self.account)

    def legs(self, legs: Iterable[Leg]) -> tuple[Leg, ...]:
        return tuple(leg for leg in legs if leg.position.account == self.account)


AccountFormula = Formula[AccountInBook]


def _balance(id_: str, name: str, sign: str, note: str = "") -> AccountFormula:
    def inputs(of: AccountInBook, _: datetime) -> tuple[Input, ...]:
        balances = of.book.balances if of.book else None
        value: Decimal | None = None if balances is None else getattr(balances, id_)
        source = "broker" if value is not None else "the broker has not told it"
        at = None if balances is None else balances.received_at
        return (Input(name.lower(), value, Unit.MONEY, source, at, is_amount=True),)

    def result(of: AccountInBook, now: datetime) -> Value:
        return inputs(of, now)[0].value

    return Formula(id_, name, name.lower(), Unit.MONEY, sign, "told", result, inputs, is_amount=True, note=note)


def _converted(of: AccountInBook, leg: Leg, part: Input) -> Input:
    """A part in the account's base currency, with the rate it was converted at."""
    if of.book is None or not (part.value is None or isinstance(part.value, Decimal)):
        return part
    base, currency = of.book.account.base_currency, leg.position.instrument.currency
    if currency == base:
        return part
    rates = Rates.of(of.snapshot, base)
    rate = rates.find(of.account, currency)
    source = f"no exchange rate for {currency}" if rate is None else f"{part.source} at {rate.words}"
    return replace(part, value=rates.money(leg, part.value), source=source)


def _open_parts(of: AccountInBook, now: datetime) -> tuple[Input, ...]:
    return tuple(_converted(of, leg, _part(leg, "open_pnl", now)) for leg in of.legs(of.snapshot.legs))


def _days_parts(of: AccountInBook, now: datetime) -> tuple[Input, ...]:
    found = _day_parts(of.legs(of.snapshot.legs), of.legs(of.snapshot.closed_today), now)
    return tuple(_converted(of, leg, part) for leg, part in found)


def _pnl(id_: str) -> Callable[[AccountInBook, datetime], Value]:
    def result(of: AccountInBook, now: datetime) -> Value:
        pnl = of.pnl(now)
        if pnl is None:
            return None
        return pnl.open_pnl.value if id_ == "open_pnl" else pnl.day_pnl.value

    return result


_ACCOUNT: tuple[AccountFormula, ...] = (
    _balance("net_liquidating_value", "Net liquidating value", "+ owned, − owed", "The header adds up the accounts'."),
    _balance("cash_balance", "Cash balance", "+ owned, − owed"),
    _balance("buying_power", "Buying power", ""),
    _balance("maintenance_requirement", "Maintenance requirement", ""),
    Formula(
        "open_pnl",
        "Open P&L",
        "Σ open P&L",
        Unit.MONEY,
        "+ gain, − loss",
        "by definition",
        _pnl("open_pnl"),
        _open_parts,
        is_amount=True,
        note=f"{_PARTIAL} {_CONVERTED}",
    ),
    Formula(
        "day_pnl",
        "Day P&L",
        "Σ day P&L",
        Unit.MONEY,
        "+ gain, − loss",
        "by definition",
        _pnl("day_pnl"),
        _days_parts,
        is_amount=True,
        note=f"{_PARTIAL} {_CLOSED} {_CONVERTED}",
    ),
)
ACCOUNT_FORMULAS: dict[str, AccountFormula] = {formula.id: formula for formula in _ACCOUNT}
"""Of one account in its base currency, by id. The totals of several accounts add these up."""
