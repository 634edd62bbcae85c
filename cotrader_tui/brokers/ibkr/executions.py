"""From TWS's executions and what they cost to transactions. Pure: a row that cannot be read is set aside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from cotrader_tui.brokers.base import Listing, QuarantinedRow
from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.contracts import Details, Terms, terms_of_row
from cotrader_tui.brokers.ibkr.instruments import BROKER, RowError, instrument_of, symbol_of
from cotrader_tui.brokers.ibkr.numbers import figure, quotient
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.transactions import Transaction, TransactionKind

_FIRST_TERM, _KEY, _TIME, _ACCOUNT, _SIDE, _SHARES, _PRICE = 3, 14, 15, 16, 18, 19, 20
_COST, _COST_CURRENCY = 3, 4
_SIDES = {"BOT": 1, "SLD": -1}
_COMBINATION = "BAG"
_NEVER_MAGNIFIED = frozenset({"STK", "OPT"})
"""In US dollars."""
_PAID_IN_FULL = frozenset(
    {
        InstrumentType.EQUITY,
        InstrumentType.EQUITY_OPTION,
        InstrumentType.FUTURE_OPTION,
        InstrumentType.FUND,
        InstrumentType.WARRANT,
        InstrumentType.CRYPTOCURRENCY,
    }
)
"""Types whose cash flow is price × quantity × multiplier. Of others than these and futures it is not told."""


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """One fill of one contract."""

    account: str
    key: str
    """Without its last part, which counts corrections."""
    revision: str
    at: datetime
    terms: Terms
    quantity: Decimal
    """+ bought, − sold."""
    price: Decimal
    """As quoted."""
    execution: str
    """The whole id, which its cost is told by."""
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExecutionsAnswer:
    rows: tuple[ExecutionRow, ...]
    """Of a fill that was corrected the newest."""
    quarantined: tuple[QuarantinedRow, ...]


def parse_executions(rows: Iterable[Sequence[str]], account: str) -> ExecutionsAnswer:
    """The fields of execution messages, their id included. Those of other accounts are left out.

    A combination is left out too: each of its legs has a fill of its own.
    """
    found: dict[str, ExecutionRow] = {}
    quarantined: dict[QuarantinedRow, None] = {}
    for fields in rows:
        if len(fields) > _ACCOUNT and fields[_ACCOUNT] != account:
            continue
        try:
            row = _row(fields)
        except ValueError as error:
            quarantined[QuarantinedRow(_named(fields), str(error), json.dumps(fields))] = None
            continue
        known = found.get(row.key)
        if row.terms.sec_type != _COMBINATION and (known is None or known.revision <= row.revision):
            found[row.key] = row
    return ExecutionsAnswer(tuple(found.values()), tuple(quarantined))


def _row(fields: Sequence[str]) -> ExecutionRow:
    """Raises ValueError in words where it cannot be read."""
    if len(fields) <= _PRICE:
        raise ValueError("The row is cut off.")
    try:
        terms = terms_of_row(fields[_FIRST_TERM:_KEY])
    except ValueError:
        raise ValueError("The row does not say what it is about.") from None
    shares, price, at = figure(fields[_SHARES]), figure(fields[_PRICE]), instant(fields[_TIME])
    side, execution = _SIDES.get(fields[_SIDE]), fields[_KEY]
    if shares is None or price is None or side is None:
        raise ValueError("Its side, its quantity or its price could not be read.")
    if at is None:
        raise ValueError("Its time could not be read.")
    if not execution:
        raise ValueError("It has no id.")
    key, _, revision = execution.rpartition(".")
    row = (fields[_ACCOUNT], key or execution, revision, at, terms, shares * side, price, execution, tuple(fields))
    return ExecutionRow(*row)


def instant(text: str) -> datetime | None:
    """`20261118 15:46:12 US/Eastern`, `20261118-20:46:12` (UTC), or without a zone in this machine's, as TWS shows it.

    `None` for anything else.
    """
    day, _, rest = text.replace("-", " UTC ").strip().partition(" ")
    words = rest.split()
    if words[:1] == ["UTC"]:
        words = [*words[1:], "UTC"]
    try:
        naive = datetime.strptime(f"{day} {words[0]}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - its zone follows
        if len(words) == 1:
            return naive.astimezone(UTC)
        return naive.replace(tzinfo=ZoneInfo(" ".join(words[1:]))).astimezone(UTC)
    except (LookupError, ValueError, OSError, OverflowError):
        return None


def transactions_of(
    answer: ExecutionsAnswer, costs: Mapping[str, Sequence[str]], catalogue: Catalogue, notes: tuple[str, ...] = ()
) -> Listing[Transaction]:
    """The fills as trades. `costs` are the fields of commission messages by execution id, as far as they came."""
    rows: list[Transaction] = []
    quarantined = list(answer.quarantined)
    for row in answer.rows:
        con_id = row.terms.con_id
        details = catalogue[con_id]
        try:
            instrument = instrument_of(row.terms, details, catalogue.underlying(con_id))
        except RowError as error:
            quarantined.append(QuarantinedRow(symbol_of(row.terms), str(error), json.dumps(row.raw)))
        else:
            rows.append(_transaction(row, instrument, details, costs.get(row.execution)))
    return Listing(tuple(rows), tuple(quarantined), notes=notes)


def _transaction(
    row: ExecutionRow, instrument: Instrument, details: Details | None, cost: Sequence[str] | None
) -> Transaction:
    price, fees = unit_price(row.price, row.terms, details), _fees(cost, instrument.currency)
    verb = "Bought" if row.quantity > 0 else "Sold"
    return Transaction(
        account=AccountId(BROKER, row.account),
        key=row.key,
        at=row.at,
        kind=TransactionKind.TRADE,
        description=f"{verb} {abs(row.quantity):f} {instrument.symbol} @ {row.price:f}",
        currency=instrument.currency,
        symbol=instrument.symbol,
        underlying=instrument.underlying,
        quantity=row.quantity,
        price=price,
        fees=fees,
        amount=_amount(instrument, row.quantity, price, fees),
    )


def unit_price(quoted: Decimal | None, terms: Terms, details: Details | None) -> Decimal | None:
    """A price in the contract's currency; unknown where it may be quoted in hundredths and nothing tells."""
    if quoted is None:
        return None
    if details is not None:
        return quotient(quoted, Decimal(details.price_magnifier)) if details.price_magnifier != 1 else quoted
    return quoted if terms.currency == "USD" and terms.sec_type in _NEVER_MAGNIFIED else None


def _fees(cost: Sequence[str] | None, currency: str) -> Decimal | None:
    """The commission as cash flow; unknown if it has not come, or is in another currency."""
    if cost is None or len(cost) <= _COST_CURRENCY or cost[_COST_CURRENCY] != currency:
        return None
    commission = figure(cost[_COST])
    return None if commission is None else -commission


def _amount(instrument: Instrument, quantity: Decimal, price: Decimal | None, fees: Decimal | None) -> Decimal | None:
    """fees − quantity × price × multiplier; of a future the fees alone, as its gains are settled daily."""
    if fees is None:
        return None
    if instrument.type is InstrumentType.FUTURE:
        return fees
    if price is None or instrument.type not in _PAID_IN_FULL:
        return None
    return fees - quantity * price * instrument.multiplier


def _named(fields: Sequence[str]) -> str | None:
    try:
        return symbol_of(terms_of_row(fields[_FIRST_TERM:_KEY]))
    except ValueError:
        return None
