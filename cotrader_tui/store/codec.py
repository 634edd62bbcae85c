"""How values stand in SQLite: decimals and instants as text, Greeks as floats, unknown as NULL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal


def decimal_text(value: Decimal | None) -> str | None:
    """A decimal in plain notation, exactly.

    Raises:
        ValueError: it is no finite number; unknown is `None`.
    """
    if value is None:
        return None
    if not value.is_finite():
        raise ValueError(f"{value} is not stored: unknown is None")
    return format(value, "f")


def decimal_value(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def instant_text(value: datetime | None) -> str | None:
    """An aware instant as UTC ISO-8601 of fixed width, so that text sorts by time.

    Raises:
        ValueError: the instant is naive.
    """
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive instant is not stored")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def instant_value(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def date_text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def date_value(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
