"""Screen 1: every open position."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

from cotrader_tui.analytics.greeks import position_greeks
from cotrader_tui.analytics.pnl import day_pnl, market_value, open_pnl, open_pnl_percent
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.totals import BookTotals
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import STALE, WARN, Figures
from cotrader_tui.tui.present.names import column_name
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.present.times import calm_age, since

COLUMNS = (
    Column("symbol", "Symbol", 22, 0, is_text=True),
    Column("account", "Account", 10, 16, is_text=True),
    Column("quantity", "Qty", 7, 1),
    Column("dte", "DTE", 7, 6),
    Column("average", "Avg open", 9, 8),
    Column("mark", "Mark", 9, 2),
    Column("value", "Mkt value", 10, 7),
    Column("open", "Open P&L", 10, 3),
    Column("percent", "%", 6, 9),
    Column("day", "Day P&L", 9, 4),
    Column("delta", "Δ", 6, 5),
    Column("gamma", "Γ", 6, 14),
    Column("theta", "Θ", 6, 10),
    Column("vega", "ν", 6, 12),
    Column("iv", "IV", 5, 15),
    Column("age", "Age", 4, 11, is_marked=False),
)
_WIDTHS = {column.key: column.width for column in COLUMNS}


def ordered(snapshot: PortfolioSnapshot) -> tuple[Leg, ...]:
    """By underlying (futures among shares), expiration, strike; what is in no total comes last."""
    counted = {leg.position.id for leg in included(snapshot, snapshot.legs)}
    return tuple(sorted(snapshot.legs, key=lambda leg: (leg.position.id not in counted, *_order(leg))))


def _order(leg: Leg) -> tuple[object, ...]:
    instrument = leg.position.instrument
    return (
        instrument.underlying.lstrip("/"),
        instrument.currency,
        instrument.is_option,
        instrument.expiration or date.min,
        instrument.strike or Decimal(0),
        instrument.option_type or "",
        instrument.symbol,
        leg.position.account,
        leg.position.id,
    )


def rows(snapshot: PortfolioSnapshot, now: datetime, figures: Figures) -> tuple[Row, ...]:
    """One row a position, in `ordered` order; the key is the position's id."""
    counted = {leg.position.id for leg in included(snapshot, snapshot.legs)}
    names = {book.account.id: book.account.nickname or book.account.id.number for book in snapshot.accounts}
    endings = _endings(snapshot)
    found = []
    for leg in ordered(snapshot):
        row = _row(
            leg, names.get(leg.position.account, leg.position.account.number), endings.get(leg, ""), now, figures
        )
        found.append(row if leg.position.id in counted else _dimmed(row))
    return tuple(found)


def _dimmed(row: Row) -> Row:
    return Row(row.key, {key: Piece(piece.text, STALE) for key, piece in row.cells.items()})


def _endings(snapshot: PortfolioSnapshot) -> dict[Leg, str]:
    """For what is held in several accounts: so many last characters of the account's number as tell them apart."""
    held = Counter(leg.position.instrument.id for leg in snapshot.legs)
    numbers = {leg.position.account.number for leg in snapshot.legs}
    longest = max(map(len, numbers), default=0)
    size = next((n for n in range(2, longest) if len({number[-n:] for number in numbers}) == len(numbers)), longest)
    return {
        leg: f" ·{visible(leg.position.account.number[-size:])}"
        for leg in snapshot.legs
        if held[leg.position.instrument.id] > 1
    }


def _row(leg: Leg, account: str, ending: str, now: datetime, figures: Figures) -> Row:
    today = exchange_date(now)
    greeks = position_greeks(leg, now)
    position, quote = leg.position, leg.quote
    cells = {
        "symbol": Piece(column_name(leg, today, _WIDTHS["symbol"], ending), _symbol_style(leg)),
        "account": Piece(visible(account), STALE),
        "quantity": figures.quantity(position.quantity, _WIDTHS["quantity"]),
        "dte": _dte(leg, now),
        "average": figures.cost(position.average_open_price, _WIDTHS["average"]),
        "mark": figures.price(quote.mark if quote else None, _WIDTHS["mark"]),
        "value": figures.money(market_value(leg), _WIDTHS["value"]),
        "open": figures.gain(open_pnl(leg), _WIDTHS["open"]),
        "percent": figures.percent(open_pnl_percent(leg), _WIDTHS["percent"]),
        "day": figures.gain(day_pnl(leg, today), _WIDTHS["day"]),
        "delta": figures.greek(greeks.delta, _WIDTHS["delta"]),
        "gamma": figures.greek(greeks.gamma, _WIDTHS["gamma"]),
        "theta": figures.greek(greeks.theta, _WIDTHS["theta"]),
        "vega": figures.greek(greeks.vega, _WIDTHS["vega"]),
        "iv": figures.volatility(greeks.iv),
        "age": _age(leg, now),
    }
    return Row(str(position.id), cells)


def _symbol_style(leg: Leg) -> str:
    return WARN if leg.position.orphaned_since is not None else ""


def _dte(leg: Leg, now: datetime) -> Piece:
    instrument = leg.position.instrument
    days = instrument.days_to_expiration(exchange_date(now))
    if days is None:
        return Piece("" if not instrument.is_option else UNKNOWN)
    return Piece("expired", WARN) if instrument.is_expired(now) else Piece(str(days))


def _age(leg: Leg, now: datetime) -> Piece:
    """How old the mark is; of a position the broker's row cannot be read for, how old the row is."""
    instant = leg.quote.received_at if leg.quote is not None else None
    return Piece(calm_age(since(leg.position.orphaned_since or instant, now)), STALE)


def totals(book: BookTotals, figures: Figures) -> dict[str, Piece]:
    """The last line: what adds up over different underlyings, and how many legs it misses."""
    return {
        "symbol": Piece(_totals_label(book)),
        "open": figures.gain(book.pnl.open_pnl.value, _WIDTHS["open"]),
        "day": figures.gain(book.pnl.day_pnl.value, _WIDTHS["day"]),
        "theta": figures.greek(book.greeks.theta if book.greeks else None, _WIDTHS["theta"]),
        "vega": figures.greek(book.greeks.vega if book.greeks else None, _WIDTHS["vega"]),
    }


def _totals_label(book: BookTotals) -> str:
    """The counts of what is known come first to be read where the line is short."""
    missing = []
    if book.greeks is not None:
        missing.append(f"{book.greeks.legs_with_greeks} of {book.greeks.legs} legs have Greeks")
    for word, total in (("open", book.pnl.open_pnl), ("day", book.pnl.day_pnl)):
        if not total.is_complete and total.value is not None:
            missing.append(f"{word} {total.known}/{total.of}")
    return f"Totals ({', '.join(missing)})" if missing else "Totals"
