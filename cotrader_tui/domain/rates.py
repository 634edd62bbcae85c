"""Reference rates of the European Central Bank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

EURO = "EUR"


@dataclass(frozen=True, slots=True)
class ReferenceRate:
    """The ECB's euro foreign exchange reference rate of one currency: units of it per euro."""

    currency: str
    per_euro: Decimal
    on: date
