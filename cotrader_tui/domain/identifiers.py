"""What makes an account and an instrument the same one from one fetch to the next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class AccountId:
    """An account is a broker and the broker's account number."""

    broker: str
    number: str


@dataclass(frozen=True, slots=True, order=True)
class InstrumentId:
    """An instrument is a broker and what that broker identifies it by (type and symbol, or a contract id)."""

    broker: str
    key: str
