"""How values stand in SQLite: decimals and instants as text, Greeks as floats, unknown as NULL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

_INSTANTS = 4096
"""A sync gives thousands of rows the same few instants: they are converted once."""


def decimal_text(value: Decimal | None) -> str | None:
    """A decimal in plain notation, exactly.

    Raises:
        ValueError: it is no finite number; unknown is `None`.
    """
    if value is None:
        return None
    if not value.is_finite():
        raise ValueError(f"{value} is not stored: unknown is None")
    text = str(value)
    return format(value, "f") if "E" in text else text  # the same without an exponent, at a third of the time


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
    return _utc_text(value if value.tzinfo is UTC else value.astimezone(UTC))


@lru_cache(_INSTANTS)
def _utc_text(value: datetime) -> str:
    """Only of instants in UTC: elsewhere the two passes of a repeated hour are equal, and one would give the other."""
    return value.isoformat(timespec="microseconds")


@lru_cache(_INSTANTS)
def instant_from(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instant_value(text: str | None) -> datetime | None:
    return None if text is None else instant_from(text)


def date_text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


@lru_cache(_INSTANTS)
def date_value(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
