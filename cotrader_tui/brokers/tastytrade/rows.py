"""The shapes of tastytrade's rows: text, numbers and dates read, nothing interpreted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

_YEARS = range(1970, 2200)


def _figure(value: object) -> Decimal | None:
    """A finite number, else `None`: NaN, an empty text and a missing figure are all unknown."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _instant(value: object) -> datetime | None:
    """An instant in UTC, else `None`. Without an offset it is UTC, which is what the interface speaks."""
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if instant.year not in _YEARS:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


Text = Annotated[str, StringConstraints(min_length=1)]
Number = Annotated[Decimal, Field(allow_inf_nan=False)]
Figure = Annotated[Decimal | None, BeforeValidator(_figure)]
Instant = Annotated[datetime | None, BeforeValidator(_instant)]
Day = Annotated[date | None, BeforeValidator(_date)]


class Row(BaseModel):
    """Keys are dashed on the wire; unknown ones are ignored."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=lambda name: name.replace("_", "-")), frozen=True
    )


class AccountRow(Row):
    account_number: Text
    nickname: str | None = None
    account_type_name: str | None = None
    is_closed: bool = False


class PositionRow(Row):
    """What may not be missing or unreadable has no default, or a strict type."""

    account_number: str | None = None
    symbol: Text
    instrument_type: str
    underlying_symbol: str | None = None
    streamer_symbol: str | None = None
    quantity: Annotated[Number, Field(ge=0)]
    quantity_direction: Literal["Long", "Short", "Zero"]
    multiplier: Annotated[Number, Field(gt=0)]
    average_open_price: Number | None = None
    average_daily_market_close_price: Figure = None
    mark_price: Figure = None
    mark: Figure = None
    realized_today: Figure = None
    realized_today_effect: str | None = None
    realized_today_date: Day = None
    realized_day_gain: Figure = None
    realized_day_gain_effect: str | None = None
    realized_day_gain_date: Day = None
    expires_at: Instant = None
    created_at: Instant = None


class BalanceRow(Row):
    currency: Text = "USD"
    net_liquidating_value: Number | None = None
    cash_balance: Number | None = None
    derivative_buying_power: Number | None = None
    maintenance_requirement: Number | None = None
    long_equity_value: Number | None = None
    short_equity_value: Number | None = None
    long_derivative_value: Number | None = None
    short_derivative_value: Number | None = None
    long_futures_value: Number | None = None
    short_futures_value: Number | None = None
    long_futures_derivative_value: Number | None = None
    short_futures_derivative_value: Number | None = None
    long_cryptocurrency_value: Number | None = None
    short_cryptocurrency_value: Number | None = None
    long_bond_value: Number | None = None
    long_fixed_income_security_value: Number | None = None
    long_margineable_value: Number | None = None
    short_margineable_value: Number | None = None


class MarketDataRow(Row):
    symbol: Text
    instrument_type: str
    bid: Figure = None
    ask: Figure = None
    mark: Figure = None
    last: Figure = None
    close: Figure = None
    prev_close: Figure = None
    is_trading_halted: bool | None = None
    halt_start_time: Figure = None
    halt_end_time: Figure = None


class FutureRow(Row):
    symbol: Text
    streamer_symbol: Text


def odd_fields(error: ValidationError) -> str:
    """The names of the fields that are missing or unreadable, without their values."""
    return ", ".join(sorted({str(each["loc"][0]) if each["loc"] else "the row" for each in error.errors()}))
