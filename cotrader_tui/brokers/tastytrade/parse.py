"""From tastytrade's answers to domain values, row by row. Pure: a bad row is set aside, the rest lands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from cotrader_tui.brokers.base import QuarantinedRow
from cotrader_tui.brokers.tastytrade.instruments import BROKER, CURRENCY, RowError, instrument_of
from cotrader_tui.brokers.tastytrade.rows import AccountRow, BalanceRow, PositionRow, odd_fields
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.market import MarkSource, Quote
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import DatedAmount, Holding


class UnreadableError(Exception):
    """An answer as a whole cannot be read; its text is a clause such as "data.items is no list"."""


@dataclass(frozen=True, slots=True)
class AccountsAnswer:
    accounts: tuple[Account, ...]
    unreadable: int
    """Entries that name no account number."""


@dataclass(frozen=True, slots=True)
class PositionsAnswer:
    """An account's positions: every row of the answer is in `holdings` or in `quarantined`."""

    holdings: tuple[Holding, ...]
    quarantined: tuple[QuarantinedRow, ...]
    quotes: tuple[Quote, ...]
    """Marks that came with the rows."""
    is_complete: bool

    @property
    def listed(self) -> int | None:
        """How many open positions tastytrade lists, unreadable ones included; unknown where a part is missing."""
        held = sum(holding.quantity != 0 for holding in self.holdings)
        nameless = sum(row.symbol is None for row in self.quarantined)
        unread = {row.symbol for row in self.quarantined if row.symbol is not None and not _says_closed(row)}
        return held + nameless + len(unread) if self.is_complete else None


def items_of(body: Mapping[str, Any]) -> list[Any]:
    """The rows of an answer.

    Raises:
        UnreadableError: `data.items` is no list.
    """
    data = body.get("data")
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise UnreadableError("data.items is missing or no list")
    return items


def parse_accounts(body: Mapping[str, Any]) -> AccountsAnswer:
    """The open accounts of `/customers/me/accounts`.

    Raises:
        UnreadableError: the list is missing, or none of its entries can be read.
    """
    items = items_of(body)
    rows: dict[str, AccountRow] = {}
    unreadable = 0
    for item in items:
        try:
            row = AccountRow.model_validate(item.get("account") if isinstance(item, dict) else item)
        except ValidationError:
            unreadable += 1
        else:
            rows[row.account_number] = row
    if unreadable and not rows:
        raise UnreadableError("no entry names an account number")
    return AccountsAnswer(tuple(_account(row) for row in rows.values() if not row.is_closed), unreadable)


def parse_positions(body: Mapping[str, Any], account_number: str, received_at: datetime) -> PositionsAnswer:
    """The rows of `/accounts/{number}/positions`, fetched with marks.

    Raises:
        UnreadableError: `data.items` is no list.
    """
    readings: dict[InstrumentId, list[tuple[Holding, Decimal | None, Any]]] = {}
    quarantined: list[QuarantinedRow] = []
    for raw in items_of(body):
        try:
            holding, mark = _read(raw, account_number)
        except ValidationError as error:
            quarantined.append(_set_aside(raw, f"Missing or unreadable: {odd_fields(error)}."))
        except RowError as error:
            quarantined.append(_set_aside(raw, str(error)))
        else:
            readings.setdefault(holding.id, []).append((holding, mark, raw))
    holdings: list[Holding] = []
    quotes: list[Quote] = []
    for same in readings.values():
        holding, mark, _ = same[0]
        if any(other[:2] != (holding, mark) for other in same):
            quarantined.extend(
                _set_aside(raw, "Rows of the same instrument contradict each other.") for *_, raw in same
            )
            continue
        holdings.append(holding)
        if mark is not None:
            quotes.append(Quote(holding.id, mark, MarkSource.BROKER, received_at))
    return PositionsAnswer(tuple(holdings), tuple(quarantined), tuple(quotes), is_complete=not _has_more(body))


def parse_balances(body: Mapping[str, Any], received_at: datetime) -> Balances:
    """An account's money from `/accounts/{number}/balances`; a figure that is missing is unknown.

    Raises:
        UnreadableError: `data` is no object, or a figure is there and cannot be read.
    """
    data = body.get("data")
    if not isinstance(data, dict) or not data:
        raise UnreadableError("data is missing")
    try:
        row = BalanceRow.model_validate(data)
    except ValidationError as error:
        raise UnreadableError(f"missing or unreadable: {odd_fields(error)}") from None
    values = (value for name, value in row if name.startswith(("long_", "short_")))
    return Balances(
        currency=row.currency,
        net_liquidating_value=row.net_liquidating_value,
        cash_balance=row.cash_balance,
        buying_power=row.derivative_buying_power,
        maintenance_requirement=row.maintenance_requirement,
        received_at=received_at,
        position_values=tuple(value for value in values if value is not None),
    )


def _account(row: AccountRow) -> Account:
    nickname = row.nickname or row.account_type_name or row.account_number
    return Account(AccountId(BROKER, row.account_number), nickname, CURRENCY)


def _read(raw: object, account_number: str) -> tuple[Holding, Decimal | None]:
    row = PositionRow.model_validate(raw)
    if row.account_number not in {None, account_number}:
        raise RowError("The row belongs to another account.")
    if row.quantity_direction == "Zero" and row.quantity != 0:
        raise RowError("The row has a quantity but no direction.")
    holding = Holding(
        instrument=instrument_of(row),
        quantity=-row.quantity if row.quantity_direction == "Short" else row.quantity,
        average_open_price=row.average_open_price,
        previous_close=row.average_daily_market_close_price,
        realized_since_open=_dated(row.realized_today, row.realized_today_effect, row.realized_today_date),
        realized_day_gain=_dated(row.realized_day_gain, row.realized_day_gain_effect, row.realized_day_gain_date),
        opened_at=row.created_at,
        broker_value=_value(row),
    )
    return holding, _mark(row)


def _value(row: PositionRow) -> Decimal | None:
    """What tastytrade says the position is worth: `mark`, which has no sign."""
    if row.mark is None:
        return None
    return -row.mark if row.quantity_direction == "Short" else row.mark


def _mark(row: PositionRow) -> Decimal | None:
    """Per unit. `mark-price` is that already; `mark` is the unsigned total of the position."""
    if row.mark_price is not None:
        return row.mark_price
    if row.mark is None or row.quantity == 0:
        return None
    try:
        return row.mark / (row.quantity * row.multiplier)
    except ArithmeticError:
        return None


def _dated(amount: Decimal | None, effect: str | None, on: date | None) -> DatedAmount | None:
    """Signed by its effect; unknown if it has an amount without a sign, or no date."""
    if amount is None or on is None:
        return None
    if amount == 0:
        return DatedAmount(amount, on)
    match effect:
        case "Credit":
            return DatedAmount(abs(amount), on)
        case "Debit":
            return DatedAmount(-abs(amount), on)
        case _:
            return None


def _has_more(body: Mapping[str, Any]) -> bool:
    """Whether the answer says that it is one page of several. Anything odd counts as yes."""
    pagination = body.get("pagination")
    if pagination is None:
        return False
    try:
        return int(pagination["total-pages"]) > 1
    except (KeyError, TypeError, ValueError):
        return True


def _says_closed(row: QuarantinedRow) -> bool:
    raw = json.loads(row.raw)
    return isinstance(raw, dict) and raw.get("quantity-direction") == "Zero"


def _set_aside(raw: object, reason: str) -> QuarantinedRow:
    symbol = raw.get("symbol") if isinstance(raw, dict) else None
    return QuarantinedRow(symbol if isinstance(symbol, str) and symbol else None, reason, json.dumps(raw, default=str))
