"""Which short options nothing covers: overall, and in each account by itself.

The rule, after the one on spreads and covered positions in FINRA Rule 4210(f)(2), which count the loss as limited:

- A short call is covered by long shares, or by a long call that expires on its date or later, whatever its strike.
- A short put is covered by short shares, or by a long put that expires on its date or later, whatever its strike.
- Both must be of the same underlying and currency; an option on a future of the same futures contract, whose future
  takes the place of the shares.
- What covers is used once, in units of the underlying (quantity × multiplier), for whole contracts: 150 shares cover
  one call of 100. Shares are the net of those long and short. Cash that secures a put does not cover it.
- An adjusted option delivers something else, so that one that is short makes the number unknown; so does one that is
  long, unless everything is covered without it. The same goes for options whose terms are not known.

Expired options are neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal

from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.sums import product, total
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot

_DELIVERED = frozenset({InstrumentType.EQUITY, InstrumentType.FUTURE})


@dataclass(frozen=True, slots=True)
class Naked:
    """How many short contracts nothing covers; `None` where that is not known."""

    calls: int | None
    puts: int | None
    has_shorts: bool
    """Whether there are short options at all."""

    @property
    def is_covered(self) -> bool:
        return self.calls == 0 and self.puts == 0

    @property
    def is_somewhat(self) -> bool:
        """Whether some are known to be naked."""
        return bool(self.calls or self.puts)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is naked of one underlying in one currency."""

    overall: Naked
    """As if all accounts were one."""
    by_account: Mapping[AccountId, Naked]

    @property
    def hidden(self) -> tuple[AccountId, ...]:
        """Accounts in which calls are naked though overall none is, or puts."""
        return tuple(
            account
            for account, naked in sorted(self.by_account.items())
            if (self.overall.calls == 0 and naked.calls) or (self.overall.puts == 0 and naked.puts)
        )

    @property
    def naked_accounts(self) -> tuple[AccountId, ...] | None:
        """Every account in which something is naked by itself; `None` where that is not known of one."""
        if any(None in (naked.calls, naked.puts) for naked in self.by_account.values()):
            return None
        return tuple(account for account, naked in sorted(self.by_account.items()) if naked.is_somewhat)


def coverages(snapshot: PortfolioSnapshot, now: datetime) -> dict[tuple[str, str], Coverage]:
    """By underlying and currency, over what is open at `now` in accounts that count."""
    groups: dict[tuple[str, str], list[Leg]] = {}
    for leg in included(snapshot, snapshot.legs):
        groups.setdefault((leg.position.instrument.underlying, leg.position.instrument.currency), []).append(leg)
    return {key: _coverage(legs, now) for key, legs in groups.items()}


def _coverage(legs: Iterable[Leg], now: datetime) -> Coverage:
    by_account: dict[AccountId, list[Leg]] = {}
    for leg in legs:
        held = by_account.setdefault(leg.position.account, [])
        if not leg.position.instrument.is_expired(now):
            held.append(leg)
    overall = _naked([leg for held in by_account.values() for leg in held])
    return Coverage(overall, {account: _naked(held) for account, held in by_account.items()})


def _naked(legs: Sequence[Leg]) -> Naked:
    return Naked(
        calls=_count(legs, OptionType.CALL),
        puts=_count(legs, OptionType.PUT),
        has_shorts=any(leg.position.instrument.is_option and leg.position.quantity < 0 for leg in legs),
    )


def _count(legs: Sequence[Leg], kind: OptionType) -> int | None:
    """Naked contracts over everything that the options deliver."""
    counts = [_count_of(part, kind) for part in _by_delivered(legs)]
    return None if None in counts else sum(count for count in counts if count is not None)


def _by_delivered(legs: Iterable[Leg]) -> list[list[Leg]]:
    """The legs by what exercise delivers: the shares, or a futures contract. Where that is not known: in every part."""
    parts: dict[str | None, list[Leg]] = {}
    for leg in legs:
        instrument = leg.position.instrument
        match instrument.type:
            case InstrumentType.FUTURE_OPTION:
                delivered = leg.underlying_symbol
            case InstrumentType.FUTURE:
                delivered = instrument.symbol
            case _:
                delivered = instrument.underlying
        parts.setdefault(delivered, []).append(leg)
    doubtful = parts.pop(None, [])
    return [[*part, *doubtful] for part in parts.values()] or [doubtful]


def _count_of(legs: Sequence[Leg], kind: OptionType) -> int | None:
    options = [leg for leg in legs if leg.position.instrument.is_option and _may_be(leg, kind)]
    shorts = [leg for leg in options if leg.position.quantity < 0]
    longs = [leg for leg in options if leg.position.quantity > 0]
    if not all(map(_is_plain, shorts)):
        return None
    naked = _uncovered(shorts, filter(_is_plain, longs), _delivered(legs, kind))
    return naked if naked == 0 or all(map(_is_plain, longs)) else None


def _may_be(leg: Leg, kind: OptionType) -> bool:
    return leg.position.instrument.option_type in (kind, None)


def _is_plain(leg: Leg) -> bool:
    """Whether an option's terms are known and standard."""
    instrument = leg.position.instrument
    is_known = instrument.option_type is not None and instrument.expiration is not None
    has_deliverable = instrument.type is not InstrumentType.FUTURE_OPTION or leg.underlying_symbol is not None
    return is_known and has_deliverable and not instrument.is_adjusted


def _delivered(legs: Iterable[Leg], kind: OptionType) -> Decimal:
    """The units of the underlying that cover options of a kind: those held net long for calls, net short for puts."""
    net = total(_units(leg) for leg in legs if leg.position.instrument.type in _DELIVERED)
    return max(net if kind is OptionType.CALL else -net, Decimal(0))


def _units(leg: Leg) -> Decimal:
    return product(leg.position.quantity, leg.position.instrument.multiplier)


def _uncovered(shorts: Iterable[Leg], longs: Iterable[Leg], delivered: Decimal) -> int:
    """Contracts left over. The short ones that expire last choose first: what covers them covers the others too."""
    waiting = sorted(longs, key=_expiration)
    options, naked = Decimal(0), Decimal(0)
    for short in sorted(shorts, key=_expiration, reverse=True):
        while waiting and _expiration(waiting[-1]) >= _expiration(short):
            options += _units(waiting.pop())
        contracts, size = -short.position.quantity, short.position.instrument.multiplier
        by_options = min(contracts, options // size)
        by_delivered = min(contracts - by_options, delivered // size)
        options -= by_options * size
        delivered -= by_delivered * size
        naked += contracts - by_options - by_delivered
    return int(naked.to_integral_value(ROUND_CEILING))


def _expiration(leg: Leg) -> date:
    return leg.position.instrument.expiration or date.min
