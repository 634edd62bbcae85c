"""Our figures of an account against its broker's own, right after a sync and with the marks of that sync.

It runs in every sync of every account, so the figures of all positions are summed up in one pass. They are those of
`analytics.pnl`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Context, Decimal, localcontext
from operator import attrgetter

from cotrader_tui.analytics.currency import Rates
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.changes import PositionState
from cotrader_tui.domain.checks import Check, Figure, LandedAccount
from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import InstrumentType
from cotrader_tui.domain.portfolio import Account, AccountBook
from cotrader_tui.domain.positions import Holding, Position

PER_POSITION = Decimal("0.05")
"""What the rounding of prices and amounts may come to, in the account's currency."""
DRIFT = Decimal("0.001")
"""Of the net liquidating value: what prices move between the broker's sum and ours."""
OLD_DRIFT = Decimal("0.01")
"""The same where the broker's net liquidating value is old."""
OLD = timedelta(seconds=30)
"""Interactive Brokers sends an account's values every three minutes."""

_WIDE = Context(prec=100)
_HALF = Decimal("0.5")
_ZERO, _ONE = Decimal(0), Decimal(1)
_VALUED = frozenset(
    {
        InstrumentType.EQUITY,
        InstrumentType.EQUITY_OPTION,
        InstrumentType.FUTURE_OPTION,
        InstrumentType.CRYPTOCURRENCY,
        InstrumentType.BOND,
        InstrumentType.FUND,
        InstrumentType.WARRANT,
    }
)
"""Worth their market value. Futures are settled in cash, currencies are cash."""

_Held = Position | PositionState
_Amounts = tuple[Decimal | None, Decimal | None, Decimal | None]
_UNKNOWN: _Amounts = (None, None, None)


def reconcile_account(landed: LandedAccount) -> tuple[Check, ...]:
    """Compare each figure of the account in the currency of its balances.

    Net liquidating value: cash + what has accrued + Σ mark × quantity × multiplier of everything but futures and
    currencies. Sources: tastytrade's guide to account balances, whose example adds up so; Interactive Brokers' account
    values (NetLiquidation "total cash value + stock value + options value + bond value", TotalCashValue "+ futures
    PNL"). Open and day P&L are those of `analytics.pnl`. Any input that is missing makes our figure unknown, and so
    does an instrument of which it is not known how it counts.

    Money may differ by `PER_POSITION` a position or by `DRIFT` of the net liquidating value, whichever is more; the net
    liquidating value also by what futures made today, unless the broker surely has that in cash. The number of
    positions may not differ.
    """
    with localcontext(_WIDE):
        return _Comparison(landed).checks()


@dataclass(slots=True)
class _Sums:
    """Of the positions in one currency."""

    symbol: str
    """The first one's."""
    value: Decimal = _ZERO
    """What counts in the net liquidating value."""
    open_pnl: Decimal = _ZERO
    day_pnl: Decimal = _ZERO
    futures: Decimal = _ZERO
    """The day P&L of futures."""


class _Comparison:
    """One account while it is compared."""

    def __init__(self, landed: LandedAccount) -> None:
        changes, stored = landed.changes, landed.stored
        self._landed = landed
        self._balances: Balances = landed.balances
        self._quotes = {quote.instrument: quote for quote in landed.quotes if quote.mark is not None}
        self._marks = stored.marks or {}
        self._today = exchange_date(landed.now)
        midnight = datetime.combine(self._today, time(), EXCHANGE_ZONE)
        self._begins_at = midnight.astimezone(UTC)
        self._ends_at = (midnight + timedelta(days=1)).astimezone(UTC)
        self._confirmed: list[_Held] = [
            *changes.unchanged.values(),
            *(change.state for change in changes.changes if change.state.quantity != 0),
        ]
        self._kept = stored.open if changes.is_suspected_empty else changes.orphaned
        book = AccountBook(Account(landed.account, "", self._balances.currency), "", self._balances, None)
        self._rates = Rates(self._balances.currency, (book,))
        self._sums: dict[str, _Sums] = {}
        self._unknown: dict[Figure, str | None] = {}
        """The figures of ours that are unknown, with the first position something is missing of."""
        self._sum_up()

    # Ours

    def _sum_up(self) -> None:
        self._add_all(self._confirmed, is_of_today=True)
        for kept in self._kept:
            self._add_all((kept,), is_of_today=exchange_date(kept.last_synced_at) == self._today)
        for symbol, currency, gain, kind in self._closed_today():
            is_unsettled = kind is InstrumentType.FUTURE and not self._balances.has_futures_gain_in_cash
            if gain is None:
                self._unknown.setdefault(Figure.DAY_PNL, symbol)
                if is_unsettled:
                    self._unknown.setdefault(Figure.NET_LIQUIDATING_VALUE, symbol)
                continue
            sums = self._of(currency, symbol)
            sums.day_pnl += gain
            if is_unsettled:
                sums.futures += gain
        self._convert()

    def _of(self, currency: str, symbol: str) -> _Sums:
        if currency not in self._sums:
            self._sums[currency] = _Sums(symbol)
        return self._sums[currency]

    def _add_all(self, positions: Iterable[_Held], *, is_of_today: bool) -> None:
        """Add up what is known, and note what is not: a sum with a part missing is used for nothing."""
        in_cash = self._balances.has_futures_gain_in_cash
        for held in positions:
            instrument = held.instrument
            kind, symbol = instrument.type, instrument.symbol
            value, cost, basis = self._parts(held, is_of_today=is_of_today)
            sums = self._sums.get(instrument.currency) or self._of(instrument.currency, symbol)
            if value is not None and kind in _VALUED:
                sums.value += value
            elif kind is InstrumentType.FUTURE and (in_cash or (value is not None and basis is not None)):
                sums.futures += _ZERO if value is None or basis is None else value - basis
            elif kind is not InstrumentType.FOREX:
                self._unknown.setdefault(Figure.NET_LIQUIDATING_VALUE, symbol)
            if value is None or cost is None:
                self._unknown.setdefault(Figure.OPEN_PNL, symbol)
            else:
                sums.open_pnl += value - cost
            if value is None or basis is None:
                self._unknown.setdefault(Figure.DAY_PNL, symbol)
            else:
                sums.day_pnl += value - basis

    def _parts(self, held: _Held, *, is_of_today: bool) -> _Amounts:
        """A position's market value and what open and day P&L set against it: (value, net cost, day's basis).

        The basis is the day's base × quantity × multiplier less what was realized today.
        """
        instrument = held.instrument
        quote = self._quotes.get(instrument.id)
        mark = self._marks.get(instrument.id) if quote is None else quote.mark
        if mark is None:
            return _UNKNOWN
        size, price = held.quantity * instrument.multiplier, held.average_open_price
        # As `analytics.pnl.day_base`.
        if held.day_base is not None and is_of_today:
            base: Decimal | None = held.day_base
        elif self._begins_at <= held.opened_at < self._ends_at:
            base = price
        elif held.previous_close is not None:
            base = held.previous_close if is_of_today else None
        else:
            is_fresh = quote is not None and self._begins_at <= quote.received_at < self._ends_at
            base = quote.previous_close if quote is not None and is_fresh else None
        basis = None if base is None else base * size
        gain = held.realized_day_gain
        if basis is not None and gain is not None and gain.on == self._today:
            basis -= gain.amount
        return mark * size, None if price is None else price * size, basis

    def _closed_today(self) -> Iterator[tuple[str, str, Decimal | None, InstrumentType]]:
        """Symbol, currency, realized day gain and type of what closed today, as `analytics.pnl.day_parts` has it."""
        closed: dict[InstrumentId, _Held] = {
            key: position for key, position in (self._landed.stored.last_closed or {}).items() if self._is_new(position)
        }
        for change in self._landed.changes.changes:
            is_late_word = change.kind is None and change.position is not None
            if change.state.quantity == 0 and not (is_late_word and change.state.instrument.id not in closed):
                closed[change.state.instrument.id] = change.state
        still_open = {held.instrument.id for held in (*self._confirmed, *self._kept)} if closed else set()
        for key, held in closed.items():
            instrument, gain = held.instrument, held.realized_day_gain
            amount = gain.amount if gain is not None and gain.on == self._today else None
            was_expired = instrument.expiration is not None and instrument.expiration < self._today
            if key not in still_open and not (amount is None and was_expired):
                yield instrument.symbol, instrument.currency, amount, instrument.type

    def _is_new(self, closed: Position) -> bool:
        return closed.closed_at is not None and self._begins_at <= closed.closed_at < self._ends_at

    def _convert(self) -> None:
        """Bring the sums into the account's currency; without a rate they are unknown, but for those that are 0."""
        self._value = self._converted(Figure.NET_LIQUIDATING_VALUE, attrgetter("value"))
        self._open_pnl = self._converted(Figure.OPEN_PNL, attrgetter("open_pnl"))
        self._day_pnl = self._converted(Figure.DAY_PNL, attrgetter("day_pnl"))
        self._futures = _ZERO
        if not self._balances.has_futures_gain_in_cash:
            self._futures = self._converted(Figure.NET_LIQUIDATING_VALUE, attrgetter("futures"))

    def _converted(self, figure: Figure, part: Callable[[_Sums], Decimal]) -> Decimal:
        whole = _ZERO
        for currency, sums in self._sums.items():
            amount = self._in_base(currency, part(sums))
            if amount is None:
                self._unknown.setdefault(figure, sums.symbol)
            else:
                whole += amount
        return whole

    def _in_base(self, currency: str, amount: Decimal) -> Decimal | None:
        return self._rates.amount(self._landed.account, currency, amount) if amount else amount

    # Against the broker's

    def checks(self) -> tuple[Check, ...]:
        balances = self._balances
        cash = balances.cash_balance
        value = None if cash is None else cash + balances.accrued + self._value
        return (
            self._money(Figure.NET_LIQUIDATING_VALUE, value, balances.net_liquidating_value),
            self._money(Figure.OPEN_PNL, self._open_pnl, balances.open_pnl),
            self._money(Figure.DAY_PNL, self._day_pnl, balances.day_pnl),
            self._positions(),
        )

    def _money(self, figure: Figure, ours: Decimal | None, brokers: Decimal | None) -> Check:
        tolerance = self._tolerance(figure)
        if ours is None or figure in self._unknown:
            return Check(figure, None, brokers, tolerance, self._unknown.get(figure))
        check = Check(figure, ours, brokers, tolerance)
        if check.difference is None or check.agrees:
            return check
        return Check(figure, ours, brokers, tolerance, *self._origin(figure, check.difference))

    def _tolerance(self, figure: Figure) -> Decimal:
        balances = self._balances
        is_value = figure is Figure.NET_LIQUIDATING_VALUE
        drift = OLD_DRIFT if is_value and self._landed.now - balances.received_at > OLD else DRIFT
        most = max(PER_POSITION * max(self._count, 1), drift * abs(balances.net_liquidating_value or _ZERO))
        return most + (abs(self._futures) if is_value else _ZERO)

    @property
    def _count(self) -> int:
        return len(self._confirmed) + len(self._kept)

    def _positions(self) -> Check:
        count = self._balances.position_count
        brokers = None if count is None else Decimal(count)
        check = Check(Figure.POSITIONS, Decimal(self._count), brokers, _ZERO)
        if check.difference is None or check.agrees:
            return check
        return Check(check.figure, check.ours, brokers, _ZERO, *self._odd_one(check.difference))

    def _odd_one(self, difference: Decimal) -> tuple[str | None, Decimal | None]:
        """The only position that one side has and the other has not."""
        ours = {held.instrument.symbol for held in (*self._confirmed, *self._kept)}
        more = {kept.instrument.symbol for kept in self._kept} - set(self._landed.unread)
        fewer = set(self._landed.unread) - ours
        suspects = more | fewer
        return _only(suspects, difference) if abs(difference) == _ONE else (None, None)

    def _origin(self, figure: Figure, difference: Decimal) -> tuple[str | None, Decimal | None]:
        """The position that explains at least half of a difference, and what it adds to it.

        That is the one whose own figure differs most from the broker's or else, of what no own difference explains, the
        only one that the broker's answer does not confirm.
        """
        own = list(self._own_differences(figure))
        symbol, amount = max(own, key=lambda each: abs(each[1]), default=(None, _ZERO))
        if _explains(amount, difference):
            return symbol, amount
        suspects = {*self._landed.unread, *(kept.instrument.symbol for kept in self._kept)}
        rest = difference - sum((amount for _, amount in own), _ZERO)
        return _only(suspects, rest) if _explains(rest, difference) else (None, None)

    def _own_differences(self, figure: Figure) -> Iterator[tuple[str, Decimal]]:
        """Ours − the broker's of every position the broker gives the figure of."""
        brokers = {holding.id: holding for holding in self._landed.holdings}
        for held in self._confirmed:
            instrument = held.instrument
            if figure is Figure.NET_LIQUIDATING_VALUE and instrument.type not in _VALUED:
                continue
            value, cost, basis = self._parts(held, is_of_today=True)
            theirs, less = _of_broker(figure, brokers[instrument.id], cost, basis)
            if value is None or theirs is None or less is None:
                continue
            amount = self._in_base(instrument.currency, value - less - theirs)
            if amount is not None:
                yield instrument.symbol, amount


def _of_broker(
    figure: Figure, holding: Holding, cost: Decimal | None, basis: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """The broker's figure of a position, and what ours sets against the market value."""
    match figure:
        case Figure.NET_LIQUIDATING_VALUE:
            return holding.broker_value, _ZERO
        case Figure.OPEN_PNL:
            return holding.broker_open_pnl, cost
        case Figure.DAY_PNL:
            return holding.broker_day_pnl, basis
        case Figure.POSITIONS:
            return None, None


def _explains(part: Decimal, whole: Decimal) -> bool:
    return part * whole > 0 and abs(part) >= abs(whole) * _HALF


def _only(suspects: Iterable[str | None], amount: Decimal) -> tuple[str | None, Decimal | None]:
    """The suspect, where there is one and it has a name."""
    match list(suspects):
        case [str(symbol)]:
            return symbol, amount
        case _:
            return None, None
