"""Positions that stand together: a row above them with what they add up to, and what that leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cotrader_tui.analytics.currency import Rates
from cotrader_tui.analytics.exposure import greek_totals
from cotrader_tui.analytics.greeks import counts_for_greeks, position_greeks
from cotrader_tui.analytics.pnl import day_parts, market_value, open_pnl
from cotrader_tui.analytics.sums import PartialSum, sum_known
from cotrader_tui.analytics.totals import base_currency
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.arrange.arrangement import Grouping
from cotrader_tui.tui.present.figures import MODEL_MARK, Figures
from cotrader_tui.tui.present.names import day_name
from cotrader_tui.tui.present.text import Piece

FOLDED, UNFOLDED = "▸", "▾"
NOT_COUNTED = ("~", "not counted")
"""What is in no total stands together, and adds up to nothing."""
_PREFIX = "group "
_UNDERLYING_PARTS = 3

GroupId = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LegGroup:
    """Some open positions, and what closed today that would stand with them."""

    id: GroupId
    label: str
    legs: tuple[Leg, ...]
    closed: tuple[Leg, ...]

    @property
    def underlying(self) -> tuple[str, str] | None:
        """The underlying and currency, where it stands together by that."""
        return (self.id[1], self.id[2]) if len(self.id) == _UNDERLYING_PARTS else None

    @property
    def key(self) -> str:
        """The key of its row, which is no number."""
        return _PREFIX + "\x1f".join(self.id)


def is_group(key: str) -> bool:
    """Whether a row's key is that of a group."""
    return key.startswith(_PREFIX)


def grouped(
    by: Grouping, legs: Sequence[Leg], closed: Iterable[Leg], snapshot: PortfolioSnapshot, today: date
) -> tuple[LegGroup, ...]:
    """`legs` in groups, in the order of what they stand together by; what is in no total is the last one."""
    counted = {book.account.id for book in snapshot.accounts if book.is_included}
    found: dict[GroupId, list[Leg]] = {}
    gone: dict[GroupId, list[Leg]] = {}
    for leg in legs:
        found.setdefault(_id(leg, by) if leg.position.account in counted else NOT_COUNTED, []).append(leg)
    for leg in closed:
        if leg.position.account in counted:
            gone.setdefault(_id(leg, by), []).append(leg)
    nicknames = {book.account.id: book.account.nickname for book in snapshot.accounts}
    return tuple(
        LegGroup(each, _label(each, by, nicknames, today), tuple(found[each]), tuple(gone.get(each, ())))
        for each in sorted(found, key=lambda each: (each == NOT_COUNTED, each))
    )


def _id(leg: Leg, by: Grouping) -> GroupId:
    """Sorts as the groups stand."""
    instrument = leg.position.instrument
    if by is Grouping.ACCOUNT:
        return tuple(leg.position.account)
    if by is Grouping.EXPIRATION:
        return (instrument.expiration.isoformat(),) if instrument.expiration is not None else ("none",)
    if by is Grouping.TYPE:
        return (instrument.type,)
    return (instrument.underlying.lstrip("/"), instrument.underlying, instrument.currency)


def _label(group: GroupId, by: Grouping, nicknames: Mapping[AccountId, str], today: date) -> str:
    if group == NOT_COUNTED:
        return "in no total"
    if by is Grouping.ACCOUNT:
        account = AccountId(*group)
        return visible(f"{account.number} {nicknames.get(account, '')}".strip())
    if by is Grouping.EXPIRATION:
        return "no expiration" if group == ("none",) else day_name(date.fromisoformat(group[0]), today)
    if by is Grouping.TYPE:
        return group[0].replace("_", " ")
    return visible(group[1])


def group_cells(
    group: LegGroup, snapshot: PortfolioSnapshot, now: datetime, figures: Figures, widths: Mapping[str, int], fold: str
) -> dict[str, Piece]:
    """The row above the group's positions. A star behind a sum says that it misses some of them."""
    title = f"{fold} {group.label} ({len(group.legs)})"
    if group.id == NOT_COUNTED:
        return {"symbol": Piece(title, "bold")}
    base = base_currency(snapshot)
    own = {leg.position.instrument.currency for leg in (*group.legs, *group.closed)}
    currency = own.pop() if len(own) == 1 else base
    title = title if currency in (base, None) else f"{title} {visible(str(currency))}"
    if currency is None:
        return {"symbol": Piece(title, "bold"), **dict.fromkeys(("value", "open", "day"), Piece(UNKNOWN))}
    rates = Rates.of(snapshot, currency)
    cells = {"symbol": Piece(title, "bold"), "currency": Piece(visible(currency))}
    return cells | _money(group, rates, now, figures, widths) | _greeks(group, rates, now, figures, widths)


def _money(
    group: LegGroup, rates: Rates, now: datetime, figures: Figures, widths: Mapping[str, int]
) -> dict[str, Piece]:
    days = day_parts(group.legs, group.closed, exchange_date(now))
    value = PartialSum.over(rates.money(leg, market_value(leg)) for leg in group.legs)
    profit = PartialSum.over(rates.money(leg, open_pnl(leg)) for leg in group.legs)
    today = PartialSum.over(rates.money(leg, amount) for leg, amount in days)
    return {
        "value": figures.starred(value, widths["value"], is_gain=False),
        "open": figures.starred(profit, widths["open"]),
        "day": figures.starred(today, widths["day"]),
    }


def _greeks(
    group: LegGroup, rates: Rates, now: datetime, figures: Figures, widths: Mapping[str, int]
) -> dict[str, Piece]:
    """Theta, vega and dollar delta as money; delta and gamma only of one underlying: others do not add up."""
    total = greek_totals(group.legs, now, rates)
    if not total.legs:
        return {}
    found = {"theta": total.theta, "vega": total.vega}
    if len({(leg.position.instrument.underlying, leg.position.instrument.currency) for leg in group.legs}) == 1:
        each = [position_greeks(leg, now) for leg in group.legs if counts_for_greeks(leg, now)]
        found["delta"] = sum_known(greeks.delta for greeks in each)
        found["gamma"] = sum_known(greeks.gamma for greeks in each)
    mark = MODEL_MARK * (total.legs_with_model_greeks > 0) + "*" * (total.legs_with_greeks < total.legs)
    cells = {key: figures.greek(value, widths[key] - len(mark)) for key, value in found.items()}
    cells["dollars"] = figures.dollars(total.delta_dollars, widths["dollars"] - len(mark))
    return {key: _marked(piece, mark, figures) for key, piece in cells.items()}


def _marked(piece: Piece, mark: str, figures: Figures) -> Piece:
    """A model's mark, then a star where the sum misses positions."""
    is_shown = piece.value is not None and not figures.is_private
    return Piece(piece.text + mark, piece.style, piece.value) if is_shown else piece
