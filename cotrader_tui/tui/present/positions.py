"""Screen 1: every open position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from cotrader_tui.analytics.greeks import position_greeks
from cotrader_tui.analytics.hours import is_mark_stale
from cotrader_tui.analytics.pnl import day_pnl, market_value, open_pnl, open_pnl_percent
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.totals import BookTotals
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.market import TradingSession
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import STALE, WARN, Figures
from cotrader_tui.tui.present.names import column_name, name_width
from cotrader_tui.tui.present.position_columns import EXTRA_COLUMNS, extra_cells
from cotrader_tui.tui.present.rates import missing_words
from cotrader_tui.tui.present.text import Column, Piece
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
_WIDTHS = {column.key: column.width for column in (*COLUMNS, *EXTRA_COLUMNS)}
_LONGEST_SYMBOL = 30
"""So much leaves room for quantity, mark and open P&L in 60 cells."""


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


class PositionRows:
    """A row for each position, in `ordered` order, made when somebody looks; the key is the position's id."""

    def __init__(
        self,
        snapshot: PortfolioSnapshot,
        now: datetime,
        figures: Figures,
        columns: Sequence[Column] = COLUMNS,
        *,
        is_below_account: bool = False,
    ) -> None:
        """`columns` are those shown, as wide as they are shown. Names need not tell the account where each row
        `is_below_account`."""
        self.legs = {str(leg.position.id): leg for leg in ordered(snapshot)}
        self.keys: Sequence[str] = tuple(self.legs)
        self._shown = tuple(column.key for column in columns)
        self.widths = {**_WIDTHS, **{column.key: column.width for column in columns}}
        self._counted = {book.account.id for book in snapshot.accounts if book.is_included}
        self._names = {book.account.id: book.account.nickname or book.account.id.number for book in snapshot.accounts}
        self._endings = {} if is_below_account else _endings(snapshot)
        self._now, self._figures, self._sessions = now, figures, snapshot.sessions

    def cells(self, key: str) -> Mapping[str, Piece]:
        """The cells of one position; dim where it is in no total."""
        leg = self.legs[key]
        account = leg.position.account
        name = self._names.get(account, account.number)
        ending, widths = self._endings.get(key, ""), self.widths
        cells = _cells(leg, name, ending, self._now, self._figures, self._sessions, widths)
        cells |= extra_cells(leg, self._shown, self._now, self._figures, widths)
        return cells if account in self._counted else _dimmed(cells)


def columns_for(snapshot: PortfolioSnapshot, now: datetime) -> tuple[Column, ...]:
    """The columns with room for the longest name there is: without its end a put might be a call."""
    today, endings = exchange_date(now), _endings(snapshot)
    longest = max(
        (name_width(leg, today) + len(endings.get(str(leg.position.id), "")) for leg in snapshot.legs), default=0
    )
    symbol = replace(COLUMNS[0], width=max(COLUMNS[0].width, min(longest, _LONGEST_SYMBOL)))
    return (symbol, *COLUMNS[1:])


def _dimmed(cells: Mapping[str, Piece]) -> dict[str, Piece]:
    return {key: Piece(piece.text, STALE, piece.value) for key, piece in cells.items()}


def _endings(snapshot: PortfolioSnapshot) -> dict[str, str]:
    """For what is held in several accounts: so many last characters of the account's number as tell them apart."""
    held = Counter(leg.position.instrument.id for leg in snapshot.legs)
    numbers = {leg.position.account.number for leg in snapshot.legs}
    longest = max(map(len, numbers), default=0)
    size = next((n for n in range(2, longest) if len({number[-n:] for number in numbers}) == len(numbers)), longest)
    return {
        str(leg.position.id): f" ·{visible(leg.position.account.number[-size:])}"
        for leg in snapshot.legs
        if held[leg.position.instrument.id] > 1
    }


def _cells(
    leg: Leg,
    account: str,
    ending: str,
    now: datetime,
    figures: Figures,
    sessions: tuple[TradingSession, ...],
    widths: Mapping[str, int],
) -> dict[str, Piece]:
    today = exchange_date(now)
    greeks = position_greeks(leg, now)
    position, quote = leg.position, leg.quote
    return {
        "symbol": Piece(column_name(leg, today, widths["symbol"], ending), _symbol_style(leg)),
        "account": Piece(visible(account), STALE),
        "quantity": figures.quantity(position.quantity, widths["quantity"]),
        "dte": _dte(leg, now),
        "average": figures.cost(position.average_open_price, widths["average"]),
        "mark": figures.price(quote.mark if quote else None, widths["mark"]),
        "value": figures.money(market_value(leg), widths["value"]),
        "open": figures.gain(open_pnl(leg), widths["open"]),
        "percent": figures.percent(open_pnl_percent(leg), widths["percent"]),
        "day": figures.gain(day_pnl(leg, today), widths["day"]),
        "delta": figures.greek(greeks.delta, widths["delta"], is_by_model=greeks.is_by_model),
        "gamma": figures.greek(greeks.gamma, widths["gamma"], is_by_model=greeks.is_by_model),
        "theta": figures.greek(greeks.theta, widths["theta"], is_by_model=greeks.is_by_model),
        "vega": figures.greek(greeks.vega, widths["vega"], is_by_model=greeks.is_by_model),
        "iv": figures.volatility(greeks.iv, widths["iv"], is_by_model=greeks.is_by_model),
        "age": _age(leg, now, sessions),
    }


def _symbol_style(leg: Leg) -> str:
    return WARN if leg.position.orphaned_since is not None else ""


def _dte(leg: Leg, now: datetime) -> Piece:
    instrument = leg.position.instrument
    days = instrument.days_to_expiration(exchange_date(now))
    if days is None:
        return Piece("" if not instrument.is_option else UNKNOWN)
    return Piece("expired", WARN, days) if instrument.is_expired(now) else Piece(str(days), value=days)


def _age(leg: Leg, now: datetime, sessions: tuple[TradingSession, ...]) -> Piece:
    """How old the mark is, `!` where its market has traded on without it; of a row that cannot be read its age."""
    if leg.position.orphaned_since is not None or leg.quote is None:
        return Piece(calm_age(since(leg.position.orphaned_since, now)), STALE)
    if leg.quote.is_halted:
        return Piece("halt", WARN)
    age = calm_age(since(leg.quote.received_at, now))
    return Piece(f"{age}!", WARN) if is_mark_stale(leg, sessions, now) else Piece(age, STALE)


def totals(book: BookTotals, figures: Figures) -> dict[str, Piece]:
    """The last line: what adds up over different underlyings, and how many legs it misses."""
    by_model = book.greeks.legs_with_model_greeks if book.greeks else 0
    return {
        "symbol": Piece(_totals_label(book)),
        "open": figures.gain(book.pnl.open_pnl.value, _WIDTHS["open"]),
        "day": figures.gain(book.pnl.day_pnl.value, _WIDTHS["day"]),
        "theta": figures.greek(book.greeks.theta if book.greeks else None, _WIDTHS["theta"], is_by_model=by_model > 0),
        "vega": figures.greek(book.greeks.vega if book.greeks else None, _WIDTHS["vega"], is_by_model=by_model > 0),
    }


def _totals_label(book: BookTotals) -> str:
    """The counts of what is known come first to be read where the line is short."""
    missing = [*missing_words(book.conversions, book.currency)]
    if book.greeks is not None:
        missing.append(f"{book.greeks.legs_with_greeks} of {book.greeks.legs} legs have Greeks")
        if book.greeks.legs_with_model_greeks:
            missing.append(f"{book.greeks.legs_with_model_greeks} by model")
    for word, total in (("open", book.pnl.open_pnl), ("day", book.pnl.day_pnl)):
        if not total.is_complete and total.value is not None:
            missing.append(f"{word} {total.known}/{total.of}")
    return f"Totals ({', '.join(missing)})" if missing else "Totals"
