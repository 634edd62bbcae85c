"""The course of stored figures over time, as the syncs kept them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.positions import PositionSnapshot


@dataclass(frozen=True, slots=True)
class AccountPoint:
    """An account's money at one sync, in its balances' currency; `None` is unknown, or was not kept then."""

    at: datetime
    net_liquidating_value: Decimal | None
    day_pnl: Decimal | None
    """Ours, over what was held at that sync and closed on its date."""


@dataclass(frozen=True, slots=True)
class AccountCourse:
    """What is kept of one account, oldest first."""

    account: AccountId
    points: tuple[AccountPoint, ...]


@dataclass(frozen=True, slots=True)
class PositionCourse:
    """What is kept of one position, open or closed, oldest first; its Greeks are per unit, as the broker sent them."""

    instrument: Instrument
    closed_at: datetime | None
    points: tuple[PositionSnapshot, ...]


@dataclass(frozen=True, slots=True)
class Courses:
    """What was read of the store: of each `step` the last figures."""

    step: timedelta
    accounts: tuple[AccountCourse, ...] = ()
    positions: tuple[PositionCourse, ...] = ()
