"""Screen 2: exposure per underlying."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from cotrader_tui.analytics.coverage import Coverage
from cotrader_tui.analytics.exposure import AccountExposure, UnderlyingExposure
from cotrader_tui.analytics.totals import BookTotals
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.cover import COVER_WIDTH, account_cell, account_name, overall_cell
from cotrader_tui.tui.present.figures import MODEL_MARK, STALE, WARN, Figures
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.present.times import calm_age, since

COLUMNS = (
    Column("underlying", "Underlying", 11, 0, is_text=True),
    Column("price", "Price", 9, 9),
    Column("delta", "Δ", 8, 1),
    Column("gamma", "Γ", 7, 5),
    Column("theta", "Θ", 8, 2),
    Column("vega", "ν", 8, 4),
    Column("dollars", "Δ$", 10, 7),
    Column("value", "Mkt value", 12, 10),
    Column("open", "Open P&L", 11, 8),
    Column("day", "Day P&L", 10, 11),
    Column("legs", "Legs", 9, 6),
    Column("cover", "Short options", COVER_WIDTH, 3, is_text=True),
    Column("age", "Age", 4, 12, is_marked=False),
)
_WIDTHS = {column.key: column.width for column in COLUMNS}


def _dollars(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def _legs(known: int, of: int, by_model: int) -> Piece:
    """How many legs have Greeks, of those that should, and how many of them a model's: `46/48 3m`."""
    return Piece(f"{known}/{of}" + (f" {by_model}{MODEL_MARK}" if by_model else ""), "" if known == of else WARN)


def name(exposure: UnderlyingExposure, *, with_currency: bool) -> str:
    label = visible(exposure.underlying)
    return f"{label} {exposure.currency}" if with_currency else label


def key(exposure: UnderlyingExposure, account: AccountId | None = None) -> str:
    """The key of an underlying's row, or of one account's part of it."""
    return f"{exposure.underlying} {exposure.currency}" + (f" {account}" if account else "")


def rows(
    exposures: Iterable[UnderlyingExposure],
    parts: Mapping[tuple[str, str], Sequence[AccountExposure]],
    covered: Mapping[tuple[str, str], Coverage],
    now: datetime,
    figures: Figures,
) -> tuple[Row, ...]:
    """One row per underlying and currency, by name; below it one per account where `parts` has several."""
    by_name = sorted(exposures, key=lambda each: (each.underlying.lstrip("/"), each.currency))
    with_currency = len({each.currency for each in by_name}) > 1
    found: list[Row] = []
    for each in by_name:
        group = (each.underlying, each.currency)
        coverage, split = covered[group], parts.get(group, ())
        label, short_options = Piece(name(each, with_currency=with_currency)), overall_cell(coverage, figures)
        found.append(Row(key(each), {"underlying": label, **_cells(each, now, figures), "cover": short_options}))
        for part in split if len(split) > 1 else ():
            cells = {"underlying": Piece(account_name(part.account, _WIDTHS["underlying"], "  "), STALE)}
            cells |= _cells(part.exposure, now, figures)
            cells["cover"] = account_cell(coverage.by_account.get(part.account), figures)
            found.append(Row(key(each, part.account), cells))
    return tuple(found)


def _cells(each: UnderlyingExposure, now: datetime, figures: Figures) -> dict[str, Piece]:
    return {
        "price": figures.price(each.price, _WIDTHS["price"]),
        **sums(each, figures, _WIDTHS),
        "dollars": figures.money(_dollars(each.delta_dollars), _WIDTHS["dollars"], places=0),
        "age": Piece(calm_age(since(each.oldest_greeks_as_of, now)), STALE),
    }


def sums(each: UnderlyingExposure, figures: Figures, widths: Mapping[str, int]) -> dict[str, Piece]:
    """The cells that add up over legs, and how many of them have Greeks."""
    is_by_model = each.legs_with_model_greeks > 0
    greeks = {"delta": each.delta, "gamma": each.gamma, "theta": each.theta, "vega": each.vega}
    legs = _legs(each.legs_with_greeks, each.legs, each.legs_with_model_greeks)
    return {
        **{name: figures.greek(value, widths[name], is_by_model=is_by_model) for name, value in greeks.items()},
        "value": figures.starred(each.market_value, widths["value"], is_gain=False),
        "open": figures.starred(each.open_pnl, widths["open"]),
        "day": figures.starred(each.day_pnl, widths["day"]),
        "legs": legs if each.legs else Piece(UNKNOWN),
    }


def totals(book: BookTotals, figures: Figures) -> dict[str, Piece]:
    """The last line. Delta and gamma of different underlyings do not add up, so they have no total."""
    greeks = book.greeks
    by_model = greeks.legs_with_model_greeks if greeks else 0
    words = f", {by_model} by model" if by_model else ""
    return {
        "underlying": Piece(
            "Totals" if greeks is None else f"{greeks.legs_with_greeks} of {greeks.legs} legs have Greeks{words}"
        ),
        "theta": figures.greek(greeks.theta if greeks else None, _WIDTHS["theta"], is_by_model=by_model > 0),
        "vega": figures.greek(greeks.vega if greeks else None, _WIDTHS["vega"], is_by_model=by_model > 0),
        "dollars": figures.money(_dollars(greeks.delta_dollars) if greeks else None, _WIDTHS["dollars"], places=0),
        "open": figures.starred(book.pnl.open_pnl, _WIDTHS["open"]),
        "day": figures.starred(book.pnl.day_pnl, _WIDTHS["day"]),
        "legs": _legs(greeks.legs_with_greeks, greeks.legs, by_model) if greeks else Piece(UNKNOWN),
    }
