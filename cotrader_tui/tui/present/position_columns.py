"""The columns of positions that are there to be chosen, beside those that are shown by default."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.analytics import contract_figures as contract
from cotrader_tui.analytics.greeks import delta_dollars
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import STALE, Figures
from cotrader_tui.tui.present.names import day_name
from cotrader_tui.tui.present.text import Column, Piece
from cotrader_tui.tui.present.times import age, since

COURSE = Column("course", "Mark, 24 h", 12, 42, is_text=True, is_marked=False, is_drawn=True)
"""A sparkline of as many characters as the column is wide; see sparkline.py."""
EXTRA_COLUMNS = (
    Column("day_percent", "Day %", 6, 20),
    Column("notional", "Notional", 11, 21),
    Column("dollars", "Δ$", 10, 22),
    Column("extrinsic", "Extrinsic", 10, 23),
    Column("moneyness", "Money %", 7, 24),
    Column("bid", "Bid", 9, 25),
    Column("ask", "Ask", 9, 26),
    Column("spread", "Spread", 7, 27),
    Column("delta_entry", "Δ entry", 8, 28),
    Column("gamma_entry", "Γ entry", 8, 29),
    Column("theta_entry", "Θ entry", 8, 30),
    Column("vega_entry", "ν entry", 8, 31),
    Column("iv_entry", "IV entry", 8, 32),
    Column("strike", "Strike", 8, 33),
    Column("expiration", "Expires", 8, 34, is_text=True),
    Column("type", "Type", 14, 35, is_text=True),
    Column("underlying", "Underlying", 10, 36, is_text=True),
    Column("opened", "Opened", 6, 37, is_marked=False),
    Column("source", "Source", 6, 38, is_text=True, is_marked=False),
    Column("broker", "Broker", 10, 39, is_text=True),
    Column("connection", "Connection", 11, 40, is_text=True),
    Column("currency", "Cur", 3, 41, is_text=True),
    COURSE,
)


@dataclass(frozen=True, slots=True)
class _Maker:
    """What makes a cell: the leg, the moment, how figures are shown, and the room there is."""

    leg: Leg
    now: datetime
    figures: Figures
    widths: Mapping[str, int]


def extra_cells(
    leg: Leg, keys: Collection[str], now: datetime, figures: Figures, widths: Mapping[str, int]
) -> dict[str, Piece]:
    """Those cells of `keys` that are of these columns."""
    maker = _Maker(leg, now, figures, widths)
    return {key: _CELLS[key](maker) for key in keys if key in _CELLS}


def _of_option(make: Callable[[_Maker], Piece]) -> Callable[[_Maker], Piece]:
    """Empty for everything that is no option: there it is not unknown, there is no such thing."""
    return lambda maker: make(maker) if maker.leg.position.instrument.is_option else Piece("")


def _greek(name: str) -> Callable[[_Maker], Piece]:
    return _of_option(
        lambda each: each.figures.greek(contract.entry_greek(each.leg, name), each.widths[f"{name}_entry"])
    )


def _bid(each: _Maker) -> Piece:
    return each.figures.price(each.leg.quote.bid if each.leg.quote else None, each.widths["bid"])


def _ask(each: _Maker) -> Piece:
    return each.figures.price(each.leg.quote.ask if each.leg.quote else None, each.widths["ask"])


def _expiration(each: _Maker) -> Piece:
    day = each.leg.position.instrument.expiration
    return Piece("" if day is None else day_name(day, exchange_date(each.now)))


def _source(each: _Maker) -> Piece:
    source = each.leg.quote.mark_source if each.leg.quote else None
    return Piece(UNKNOWN if source is None else source.value, STALE)


_CELLS: Mapping[str, Callable[[_Maker], Piece]] = {
    "day_percent": lambda each: each.figures.percent(
        contract.day_pnl_percent(each.leg, exchange_date(each.now)), each.widths["day_percent"]
    ),
    "notional": lambda each: each.figures.money(contract.notional(each.leg), each.widths["notional"]),
    "dollars": lambda each: each.figures.dollars(delta_dollars(each.leg, each.now), each.widths["dollars"]),
    "extrinsic": _of_option(
        lambda each: each.figures.money(contract.extrinsic_value(each.leg), each.widths["extrinsic"])
    ),
    "moneyness": _of_option(lambda each: each.figures.percent(contract.moneyness(each.leg), each.widths["moneyness"])),
    "bid": _bid,
    "ask": _ask,
    "spread": lambda each: each.figures.price(contract.spread(each.leg), each.widths["spread"]),
    "delta_entry": _greek("delta"),
    "gamma_entry": _greek("gamma"),
    "theta_entry": _greek("theta"),
    "vega_entry": _greek("vega"),
    "iv_entry": _of_option(
        lambda each: each.figures.volatility(contract.entry_volatility(each.leg), each.widths["iv_entry"])
    ),
    "strike": _of_option(lambda each: each.figures.price(each.leg.position.instrument.strike, each.widths["strike"])),
    "expiration": _expiration,
    "type": lambda each: Piece(each.leg.position.instrument.type.value.replace("_", " ")),
    "underlying": lambda each: Piece(visible(each.leg.position.instrument.underlying)),
    "opened": lambda each: Piece(age(since(each.leg.position.opened_at, each.now)), STALE),
    "source": _source,
    "broker": lambda each: Piece(visible(each.leg.position.account.broker), STALE),
    "connection": lambda each: Piece(visible(each.leg.connection), STALE),
    "currency": lambda each: Piece(visible(each.leg.position.instrument.currency)),
}
