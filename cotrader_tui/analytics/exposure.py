"""Exposure per underlying: what moves together, added up, with what is missing said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from cotrader_tui.analytics.currency import Rates
from cotrader_tui.analytics.greeks import (
    UNKNOWN_GREEKS,
    counts_for_greeks,
    delta_dollars,
    position_greeks,
    underlying_price,
)
from cotrader_tui.analytics.pnl import day_total, market_value, open_pnl
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.sums import PartialSum, sum_known
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot

_CONTRACT = re.compile(r"^(?P<product>/.+?)(?P<month>[FGHJKMNQUVXZ])(?P<year>\d{1,2})$")
_MONTH_CODES = "FGHJKMNQUVXZ"


@dataclass(frozen=True, slots=True)
class UnderlyingExposure:
    """One underlying in one currency. Sums are over what is known; the counts say what that leaves out."""

    underlying: str
    currency: str
    price: Decimal | None
    """The underlying's, or the front contract held."""
    legs: int
    """Legs that should have Greeks."""
    legs_with_greeks: int
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    delta_dollars: float | None
    """`None` too when a leg has a delta but its underlying no price: there is no count that could say so."""
    market_value: PartialSum
    open_pnl: PartialSum
    day_pnl: PartialSum
    """Open positions, and what was realized today in the same underlying."""
    oldest_greeks_as_of: datetime | None
    legs_with_model_greeks: int = 0
    """Legs whose Greeks are a model's: they are among those with Greeks, and in the sums."""


@dataclass(frozen=True, slots=True)
class AccountExposure:
    """One account's part of an underlying's exposure."""

    account: AccountId
    exposure: UnderlyingExposure


@dataclass(frozen=True, slots=True)
class GreekTotals:
    """Totals over legs, in one currency. Delta and gamma of different underlyings do not add up, so they are absent."""

    legs: int
    legs_with_greeks: int
    theta: float | None
    vega: float | None
    delta_dollars: float | None
    legs_with_model_greeks: int = 0


def _delivery(leg: Leg, today: date) -> tuple[int, int]:
    """Year and month of the futures contract that moves the leg, to find the front one; the same for all else.

    The year's last digits mean the nearest such year.
    """
    instrument = leg.position.instrument
    match = _CONTRACT.match(leg.underlying_symbol or instrument.symbol)
    if match is None:
        return (9999, 0)
    last_year = today.year - 1
    year = last_year + (int(match["year"]) - last_year) % 10 ** len(match["year"])
    return (year, _MONTH_CODES.index(match["month"]))


def _price(legs: Sequence[Leg], today: date) -> Decimal | None:
    front = min((_delivery(leg, today) for leg in legs), default=None)
    prices = (underlying_price(leg) for leg in legs if _delivery(leg, today) == front)
    return next((price for price in prices if price is not None), None)


def _dollars(legs: Sequence[Leg], now: datetime) -> float | None:
    with_delta = [leg for leg in legs if position_greeks(leg, now).delta is not None]
    dollars = [delta_dollars(leg, now) for leg in with_delta]
    return None if None in dollars else sum_known(dollars)


def _exposure(
    key: tuple[str, str], legs: Sequence[Leg], closed: Iterable[Leg], today: date, now: datetime
) -> UnderlyingExposure:
    counted = [leg for leg in legs if counts_for_greeks(leg, now)]
    greeks = [position_greeks(leg, now) for leg in counted]
    return UnderlyingExposure(
        underlying=key[0],
        currency=key[1],
        price=_price(legs, today),
        legs=len(counted),
        legs_with_greeks=sum(each.is_complete for each in greeks),
        delta=sum_known(each.delta for each in greeks),
        gamma=sum_known(each.gamma for each in greeks),
        theta=sum_known(each.theta for each in greeks),
        vega=sum_known(each.vega for each in greeks),
        delta_dollars=_dollars(counted, now),
        market_value=PartialSum.over(market_value(leg) for leg in legs),
        open_pnl=PartialSum.over(open_pnl(leg) for leg in legs),
        day_pnl=day_total(legs, closed, today),
        oldest_greeks_as_of=min((each.as_of for each in greeks if each.as_of is not None), default=None),
        legs_with_model_greeks=sum(each.is_by_model for each in greeks),
    )


def exposures(snapshot: PortfolioSnapshot, now: datetime) -> tuple[UnderlyingExposure, ...]:
    """One row per underlying and currency of what is open at `now` in accounts that count, by name."""
    today = exchange_date(now)
    groups, closed = _by_underlying(snapshot, snapshot.legs), _by_underlying(snapshot, snapshot.closed_today)
    return tuple(_exposure(key, groups[key], closed.get(key, ()), today, now) for key in sorted(groups))


def account_exposures(snapshot: PortfolioSnapshot, now: datetime) -> dict[tuple[str, str], tuple[AccountExposure, ...]]:
    """The rows of `exposures` by underlying and currency, split into the accounts they are made of, by account.

    An account that holds nothing of it any more is there too if what it closed today is in the row's day P&L.
    """
    today = exchange_date(now)
    closed = _by_underlying(snapshot, snapshot.closed_today)
    return {
        key: tuple(_split(key, legs, closed.get(key, ()), today, now))
        for key, legs in _by_underlying(snapshot, snapshot.legs).items()
    }


def only_underlying(snapshot: PortfolioSnapshot, underlying: str, currency: str) -> PortfolioSnapshot:
    """The book with nothing held but one underlying in one currency, in accounts that count."""
    held, closed = included(snapshot, snapshot.legs), included(snapshot, snapshot.closed_today)
    return replace(
        snapshot,
        legs=tuple(leg for leg in held if _group(leg) == (underlying, currency)),
        closed_today=tuple(leg for leg in closed if _group(leg) == (underlying, currency)),
    )


def _split(
    key: tuple[str, str], legs: Iterable[Leg], closed: Iterable[Leg], today: date, now: datetime
) -> Iterator[AccountExposure]:
    held, gone = _by_account(legs), _by_account(closed)
    for account in sorted(held.keys() | gone.keys()):
        found = _exposure(key, held.get(account, ()), gone.get(account, ()), today, now)
        if account in held or found.day_pnl.of:
            yield AccountExposure(account, found)


def _by_account(legs: Iterable[Leg]) -> dict[AccountId, list[Leg]]:
    groups: dict[AccountId, list[Leg]] = {}
    for leg in legs:
        groups.setdefault(leg.position.account, []).append(leg)
    return groups


def _by_underlying(snapshot: PortfolioSnapshot, legs: Iterable[Leg]) -> dict[tuple[str, str], list[Leg]]:
    """Those of `legs` whose account counts."""
    groups: dict[tuple[str, str], list[Leg]] = {}
    for leg in included(snapshot, legs):
        groups.setdefault(_group(leg), []).append(leg)
    return groups


def _group(leg: Leg) -> tuple[str, str]:
    return (leg.position.instrument.underlying, leg.position.instrument.currency)


def greek_totals(legs: Iterable[Leg], now: datetime, rates: Rates) -> GreekTotals:
    """Totals over `legs` in the rates' currency; a leg without a rate counts as one without Greeks."""
    counted = [leg for leg in legs if counts_for_greeks(leg, now)]
    greeks = [position_greeks(leg, now) if rates.has_rate(leg) else UNKNOWN_GREEKS for leg in counted]
    dollars = [
        rates.greek(leg, delta_dollars(leg, now))
        for leg, each in zip(counted, greeks, strict=True)
        if each.delta is not None
    ]
    return GreekTotals(
        legs=len(counted),
        legs_with_greeks=sum(each.is_complete for each in greeks),
        theta=sum_known(rates.greek(leg, each.theta) for leg, each in zip(counted, greeks, strict=True)),
        vega=sum_known(rates.greek(leg, each.vega) for leg, each in zip(counted, greeks, strict=True)),
        delta_dollars=None if None in dollars else sum_known(dollars),
        legs_with_model_greeks=sum(each.is_by_model for each in greeks),
    )
