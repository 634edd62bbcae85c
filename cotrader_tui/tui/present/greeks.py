"""Screen 2: exposure per underlying."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from cotrader_tui.analytics.exposure import UnderlyingExposure
from cotrader_tui.analytics.totals import BookTotals
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import STALE, WARN, Figures
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.present.times import calm_age, since

COLUMNS = (
    Column("underlying", "Underlying", 12, 0, is_text=True),
    Column("price", "Price", 10, 8),
    Column("delta", "Δ", 9, 1),
    Column("gamma", "Γ", 8, 4),
    Column("theta", "Θ", 9, 2),
    Column("vega", "ν", 9, 3),
    Column("dollars", "Δ$", 12, 5),
    Column("value", "Mkt value", 13, 9),
    Column("open", "Open P&L", 12, 7),
    Column("day", "Day P&L", 12, 10),
    Column("legs", "Legs", 7, 6),
    Column("age", "Age", 4, 11, is_marked=False),
)
_WIDTHS = {column.key: column.width for column in COLUMNS}


def _dollars(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def _legs(known: int, of: int) -> Piece:
    """How many legs have Greeks, of those that should."""
    return Piece(f"{known}/{of}", "" if known == of else WARN)


def name(exposure: UnderlyingExposure, *, with_currency: bool) -> str:
    label = visible(exposure.underlying)
    return f"{label} {exposure.currency}" if with_currency else label


def rows(exposures: tuple[UnderlyingExposure, ...], now: datetime, figures: Figures) -> tuple[Row, ...]:
    """One row per underlying and currency, by name; the key is both."""
    with_currency = len({each.currency for each in exposures}) > 1
    by_name = sorted(exposures, key=lambda each: (each.underlying.lstrip("/"), each.currency))
    return tuple(
        Row(
            f"{each.underlying} {each.currency}",
            {
                "underlying": Piece(name(each, with_currency=with_currency)),
                "price": figures.price(each.price, _WIDTHS["price"]),
                "delta": figures.greek(each.delta, _WIDTHS["delta"]),
                "gamma": figures.greek(each.gamma, _WIDTHS["gamma"]),
                "theta": figures.greek(each.theta, _WIDTHS["theta"]),
                "vega": figures.greek(each.vega, _WIDTHS["vega"]),
                "dollars": figures.money(_dollars(each.delta_dollars), _WIDTHS["dollars"], places=0),
                "value": figures.starred(each.market_value, _WIDTHS["value"], is_gain=False),
                "open": figures.starred(each.open_pnl, _WIDTHS["open"]),
                "day": figures.starred(each.day_pnl, _WIDTHS["day"]),
                "legs": _legs(each.legs_with_greeks, each.legs) if each.legs else Piece(UNKNOWN),
                "age": Piece(calm_age(since(each.oldest_greeks_as_of, now)), STALE),
            },
        )
        for each in by_name
    )


def totals(book: BookTotals, figures: Figures) -> dict[str, Piece]:
    """The last line. Delta and gamma of different underlyings do not add up, so they have no total."""
    greeks = book.greeks
    return {
        "underlying": Piece(
            "Totals" if greeks is None else f"{greeks.legs_with_greeks} of {greeks.legs} legs have Greeks"
        ),
        "theta": figures.greek(greeks.theta if greeks else None, _WIDTHS["theta"]),
        "vega": figures.greek(greeks.vega if greeks else None, _WIDTHS["vega"]),
        "dollars": figures.money(_dollars(greeks.delta_dollars) if greeks else None, _WIDTHS["dollars"], places=0),
        "open": figures.starred(book.pnl.open_pnl, _WIDTHS["open"]),
        "day": figures.starred(book.pnl.day_pnl, _WIDTHS["day"]),
        "legs": _legs(greeks.legs_with_greeks, greeks.legs) if greeks else Piece(UNKNOWN),
    }
