"""What an explanation or a chart is about."""

from __future__ import annotations

from dataclasses import dataclass

from cotrader_tui.domain.identifiers import AccountId


@dataclass(frozen=True, slots=True)
class PositionSubject:
    """One open position, and the column its figure stands in that was asked about; empty for none."""

    position: int
    column: str = ""


@dataclass(frozen=True, slots=True)
class UnderlyingSubject:
    """One underlying in one currency, and a column."""

    underlying: str
    currency: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class AccountSubject:
    """One account, and a column."""

    account: AccountId
    column: str = ""


Subject = PositionSubject | UnderlyingSubject | AccountSubject
