"""Screen 6: the orders at the brokers, as they list them. This program reads them; it has no way to send one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.orders import KnownOrder, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.domain.text import MASK, UNKNOWN, visible
from cotrader_tui.tui.present.figures import ACCENT, STALE, WARN, Figures, exact, number
from cotrader_tui.tui.present.names import day_name
from cotrader_tui.tui.present.states import BookState, StateKind
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.present.times import calm_age, instant, moment, since

COLUMNS = (
    Column("underlying", "Order", 8, 0, is_text=True),
    Column("legs", "Legs", 26, 1, is_text=True, is_flexible=True),
    Column("kind", "Kind", 10, 4, is_text=True),
    Column("limit", "Limit", 9, 3),
    Column("stop", "Stop", 9, 6),
    Column("filled", "Filled", 9, 5),
    Column("in_force", "TIF", 7, 8, is_text=True),
    Column("status", "Status", 12, 2, is_text=True),
    Column("account", "Account", 10, 7, is_text=True),
    Column("changed", "Changed (NY)", 12, 10, is_text=True, is_marked=False),
    Column("seen", "Seen", 5, 9, is_marked=False),
)
_WIDTHS = {column.key: column.width for column in COLUMNS}
_STYLES = {OrderStatus.WORKING: ACCENT, OrderStatus.RECEIVED: ACCENT, OrderStatus.UNKNOWN: WARN}
_GLYPHS = {
    OrderStatus.RECEIVED: "○",
    OrderStatus.WORKING: "●",
    OrderStatus.FILLED: "✓",
    OrderStatus.CANCELLED: "×",
    OrderStatus.EXPIRED: "×",
    OrderStatus.REJECTED: "×",
    OrderStatus.UNKNOWN: "?",
}
_OCC = re.compile(r"(?P<root>.{6})(?P<date>\d{6})(?P<letter>[CP])(?P<strike>\d{8})")
_READ_ONLY = "This screen is READ-ONLY: cotrader never sends, changes or cancels an order."


def rows(snapshot: PortfolioSnapshot, now: datetime, figures: Figures) -> tuple[Row, ...]:
    """One row an order, working ones first."""
    return tuple(_row(known, now, figures) for known in snapshot.orders)


def no_orders(snapshot: PortfolioSnapshot) -> BookState:
    """What stands where no order is."""
    names = [visible(each.name) for each in snapshot.connections if SyncKind.ORDERS not in each.sync_kinds]
    off = f"The orders of {', '.join(names)} are switched off." if names else ""
    paragraphs = ("The brokers list no order that works, and none that ended today.", off, _READ_ONLY)
    return BookState(StateKind.EMPTY, "No orders.", tuple(filter(None, paragraphs)))


def _row(known: KnownOrder, now: datetime, figures: Figures) -> Row:
    order, today = known.order, exchange_date(now)
    changed = order.updated_at or order.placed_at
    cells = {
        "underlying": Piece(visible(order.underlying or order.legs[0].symbol)),
        "legs": Piece(", ".join(_leg(leg, today, figures) for leg in order.legs)),
        "kind": Piece(order.kind.value.replace("_", " ")),
        "limit": _limit(known, figures),
        "stop": figures.cost(order.stop_price, _WIDTHS["stop"]),
        "filled": Piece(_filled(known, figures)),
        "in_force": Piece(visible(order.time_in_force or UNKNOWN).replace("_", " "), STALE),
        "status": _status(known),
        "account": Piece(visible(order.account.number)),
        "changed": Piece(UNKNOWN if changed is None else moment(changed, now), STALE, instant(changed)),
        "seen": Piece(calm_age(since(known.seen_at, now)), STALE),
    }
    if not known.is_working:
        cells = {key: Piece(piece.text, STALE, piece.value) for key, piece in cells.items()}
    return Row(f"{order.account.broker} {order.account.number} {order.key}", cells)


def _status(known: KnownOrder) -> Piece:
    if known.gone_at is not None:
        return Piece("? not listed", WARN)
    status = known.order.status
    return Piece(f"{_GLYPHS[status]} {status}", _STYLES.get(status, ""))


def _leg(leg: OrderLeg, today: date, figures: Figures) -> str:
    """`+2 AAPL APR17 250 C`: + to buy, - to sell."""
    if leg.quantity is None:
        return _named(leg.symbol, today)
    sign = "+" if leg.quantity > 0 else "-"
    size = MASK if figures.is_private else exact(abs(leg.quantity))
    return f"{sign}{size} {_named(leg.symbol, today)}"


def _named(symbol: str, today: date) -> str:
    """An option by its root and contract, everything else by its symbol."""
    match = _OCC.fullmatch(symbol)
    if match is None:
        return visible(symbol)
    try:
        expiration = datetime.strptime(match["date"], "%y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return visible(symbol)
    strike = exact(Decimal(match["strike"]) / 1000).replace(",", "")
    return f"{visible(match['root'].strip())} {day_name(expiration, today)} {strike} {match['letter']}"


def _limit(known: KnownOrder, figures: Figures) -> Piece:
    """The price of one leg; of several legs the net price with its sign: + a credit, - a debit."""
    price = known.order.limit_price
    if price is None or len(known.order.legs) == 1:
        return figures.cost(price, _WIDTHS["limit"])
    return Piece(MASK if figures.is_private else number(price, 2, is_signed=True, width=_WIDTHS["limit"]))


def _filled(known: KnownOrder, figures: Figures) -> str:
    """How much of the first leg is filled; the others go with it."""
    leg = known.order.legs[0]
    if leg.quantity is None or leg.filled is None:
        return UNKNOWN
    return MASK if figures.is_private else f"{exact(abs(leg.filled))}/{exact(abs(leg.quantity))}"
