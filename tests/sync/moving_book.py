"""A large book and what a broker answers about it, cycle after cycle. Random, and the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.domain.instruments import Instrument, OptionType
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source
from cotrader_tui.domain.positions import Holding
from tests.builders import account, balances, option, share

_OPTIONS_PER_SHARE = 19
_CENT = Decimal("0.01")


class MovingBook:
    """`size` positions, one share in twenty and options on them; every answer prices all of them anew."""

    def __init__(self, size: int) -> None:
        self._chance = random.Random(4)
        self._holdings = [self._holding(each) for each in _instruments(size)]
        self._quotes = [self._quote(each) for each in self._holdings]

    def _holding(self, of: Instrument) -> Holding:
        quantity = Decimal(self._chance.choice((-10, -5, -2, -1, 1, 3, 10)))
        average = self._price()
        opened_at = datetime.fromisoformat("2026-01-05T15:00:00.123456+00:00")
        return Holding(of, quantity, average, previous_close=average + _CENT, opened_at=opened_at)

    def _quote(self, of: Holding) -> Quote:
        mark = self._price()
        at = datetime.fromisoformat("2026-01-05T15:00:00.123456+00:00")
        prices = (mark - _CENT, mark + _CENT, mark, mark + 1)
        return Quote(of.id, mark, MarkSource.MID, at, Source.BROKER, *prices)

    def _price(self) -> Decimal:
        return Decimal(self._chance.randrange(100, 50_000)) / 100

    def answer(self, now: datetime, held: float = 0.05, priced: float = 0.05) -> BrokerSnapshot:
        """What the broker says at `now`: shares of the positions and of the marks have moved, all prices are of `now`.

        Marks move by cents; a position that moves doubles, or halves again the next time.
        """
        self._move(held, priced)
        self._quotes = [replace(quote, received_at=now) for quote in self._quotes]
        return BrokerSnapshot(
            account=account(),
            is_complete=True,
            holdings=tuple(self._holdings),
            fetched_at=now,
            balances=balances(),
            quotes=tuple(self._quotes),
            greeks=tuple(self._greeks(each, now) for each in self._holdings if each.instrument.is_option),
        )

    def _move(self, held: float, priced: float) -> None:
        size = len(self._holdings)
        for at in self._chance.sample(range(size), int(size * held)):
            holding = self._holdings[at]
            factor = Decimal("0.5") if abs(holding.quantity) > 10 else Decimal(2)
            self._holdings[at] = replace(holding, quantity=holding.quantity * factor)
        for at in self._chance.sample(range(size), int(size * priced)):
            quote = self._quotes[at]
            mark = (quote.mark or _CENT) + _CENT * self._chance.randrange(1, 20)
            self._quotes[at] = replace(quote, mark=mark, bid=mark - _CENT, ask=mark + _CENT)

    def _greeks(self, of: Holding, now: datetime) -> Greeks:
        strike = float(of.instrument.strike or 1)
        return Greeks(of.id, strike / 1000, strike / 1e5, -strike / 3e4, strike / 700, strike / 9e3, 0.2, now, now)


def _instruments(size: int) -> Iterator[Instrument]:
    for number in range(size):
        place, of_share = divmod(number, _OPTIONS_PER_SHARE + 1)
        name = f"U{place:03}"
        if of_share == 0:
            yield share(name)
        else:
            kind = OptionType.CALL if of_share % 2 else OptionType.PUT
            expires = date(2026, 4, 17) + timedelta(weeks=of_share % 4)
            yield option(name, Decimal(100 + 5 * of_share), kind, expires)
