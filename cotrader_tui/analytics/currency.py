"""Money of different currencies in one: only by a rate somebody gave, never by a guess.

A rate is looked for in this order: the account's own broker; another account's broker; what those rates imply (the
inverse, or two of them crossed); the European Central Bank. Another account's rate older than the ECB's is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal

from cotrader_tui.analytics.sums import product
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot
from cotrader_tui.domain.rates import EURO, ReferenceRate

ECB = "ECB"
"""The source of the European Central Bank's rates."""
_ONE = Decimal(1)
_QUOTIENT = Context(prec=28)
_SHOWN = Context(prec=6)


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """What one unit of `of` is worth in `to`: `numerator` ÷ `denominator`, of which one is 1 if it was given so.

    `source` is a broker or `ECB`; `on` the date it was given.
    """

    of: str
    to: str
    numerator: Decimal
    denominator: Decimal
    source: str
    on: date

    def convert(self, amount: Decimal) -> Decimal:
        """`amount` of `of` in `to`: exact where the rate was given as such, else to 28 digits."""
        whole = product(amount, self.numerator)
        return whole if self.denominator == 1 else _QUOTIENT.divide(whole, self.denominator)

    @property
    def words(self) -> str:
        """The rate and where it is from, as a sentence without its full stop."""
        return f"1 {self.of} = {self._value} {self.to}: {self._origin}"

    @property
    def _value(self) -> str:
        if self.denominator == 1:
            return format(self.numerator, "f")
        return format(_SHOWN.divide(self.numerator, self.denominator), "f")

    @property
    def _origin(self) -> str:
        is_cross = 1 not in (self.numerator, self.denominator)
        if self.source == ECB:
            return f"ECB reference rate{'s' if is_cross else ''} of {self.on}"
        if self.denominator == 1:
            return f"{self.source}'s rate of {self.on}"
        if is_cross:
            return f"from {self.source}'s rates of {self.on}"
        return f"from {self.source}'s rate of {self.on}, 1 {self.to} = {self.denominator:f} {self.of}"


class Rates:
    """What other currencies are worth in `currency`, for the money of each account."""

    def __init__(
        self, currency: str, accounts: Iterable[AccountBook] = (), reference: Iterable[ReferenceRate] = ()
    ) -> None:
        """`accounts` are those whose brokers' rates may be used."""
        self.currency = currency
        self._books = {book.account.id: book for book in accounts if book.balances is not None}
        self._reference = {rate.currency: rate for rate in reference}
        self._found: dict[tuple[AccountId, str], ExchangeRate | None] = {}

    @classmethod
    def of(cls, snapshot: PortfolioSnapshot, currency: str) -> Rates:
        """The rates a book has, those of accounts outside of its portfolio included."""
        return cls(currency, (*snapshot.accounts, *snapshot.left_out), snapshot.reference_rates)

    def can_convert(self, account: AccountId, currency: str) -> bool:
        """Whether money of `currency` in `account` can be converted."""
        return currency == self.currency or self.find(account, currency) is not None

    def find(self, account: AccountId, currency: str) -> ExchangeRate | None:
        """The rate for money of another `currency` in `account`; `None` where nobody gave one."""
        key = (account, currency)
        if key not in self._found:
            self._found[key] = self._find(account, currency)
        return self._found[key]

    def amount(self, account: AccountId, currency: str, amount: Decimal | None) -> Decimal | None:
        """`amount` of `currency` in `account`, converted; `None` where it or the rate is unknown."""
        if amount is None or currency == self.currency:
            return amount
        rate = self.find(account, currency)
        return None if rate is None else rate.convert(amount)

    def has_rate(self, leg: Leg) -> bool:
        return self.can_convert(leg.position.account, leg.position.instrument.currency)

    def money(self, leg: Leg, amount: Decimal | None) -> Decimal | None:
        """`amount` of the leg's currency, converted."""
        return self.amount(leg.position.account, leg.position.instrument.currency, amount)

    def greek(self, leg: Leg, amount: float | None) -> float | None:
        """A Greek that is money (theta, vega, dollar delta), converted."""
        currency = leg.position.instrument.currency
        if amount is None or currency == self.currency:
            return amount
        rate = self.find(leg.position.account, currency)
        return None if rate is None else amount * float(rate.numerator / rate.denominator)

    # Looking for one

    def _find(self, account: AccountId, currency: str) -> ExchangeRate | None:
        reference = self._of_ecb(currency)
        books = self._in_order(account, reference)
        found = [*(_given(book, currency, self.currency) for book in books)]
        found += [_implied(book, currency, self.currency) for book in books]
        return next((rate for rate in (*found, reference) if rate is not None), None)

    def _in_order(self, account: AccountId, reference: ExchangeRate | None) -> list[AccountBook]:
        """The account itself, then the others, the newest first, that are not older than the ECB's rate."""
        own = [self._books[account]] if account in self._books else []
        others = sorted(book for book in self._books if book != account)
        fresh = [self._books[other] for other in others]
        fresh = [book for book in fresh if reference is None or _day(book) >= reference.on]
        return [*own, *sorted(fresh, key=_day, reverse=True)]

    def _of_ecb(self, currency: str) -> ExchangeRate | None:
        to, of = (self._per_euro(each) for each in (self.currency, currency))
        days = [self._reference[each].on for each in (self.currency, currency) if each in self._reference]
        if to is None or of is None or not days:
            return None
        return ExchangeRate(currency, self.currency, to, of, ECB, min(days))

    def _per_euro(self, currency: str) -> Decimal | None:
        if currency == EURO:
            return _ONE
        rate = self._reference.get(currency)
        return None if rate is None else rate.per_euro


def _day(book: AccountBook) -> date:
    return date.min if book.balances is None else exchange_date(book.balances.received_at)


def _given(book: AccountBook, of: str, to: str) -> ExchangeRate | None:
    """The rate as the account's broker gives it."""
    if book.balances is None or book.balances.currency != to:
        return None
    rate = book.balances.exchange_rates.get(of)
    return None if rate is None or rate <= 0 else ExchangeRate(of, to, rate, _ONE, book.account.id.broker, _day(book))


def _implied(book: AccountBook, of: str, to: str) -> ExchangeRate | None:
    """The rate that the broker's rates into the account's own currency imply."""
    if book.balances is None:
        return None
    rates = {**book.balances.exchange_rates, book.balances.currency: _ONE}
    numerator, denominator = rates.get(of), rates.get(to)
    if numerator is None or denominator is None or numerator <= 0 or denominator <= 0:
        return None
    return ExchangeRate(of, to, numerator, denominator, book.account.id.broker, _day(book))


@dataclass(frozen=True, slots=True)
class Conversions:
    """The rates some figures were converted at, and the currencies left out of them for want of one."""

    rates: tuple[ExchangeRate, ...] = ()
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, rates: Rates, money: Iterable[tuple[AccountId, str]]) -> Conversions:
        """Those for money of some accounts in some currencies."""
        foreign = {(account, currency) for account, currency in money if currency != rates.currency}
        found = {(currency, rates.find(account, currency)) for account, currency in foreign}
        return cls(
            tuple(sorted((rate for _, rate in found if rate is not None), key=lambda rate: (rate.of, rate.words))),
            tuple(sorted(currency for currency, rate in found if rate is None)),
        )

    def __add__(self, other: Conversions) -> Conversions:
        rates = {*self.rates, *other.rates}
        return Conversions(
            tuple(sorted(rates, key=lambda rate: (rate.of, rate.words))),
            tuple(sorted({*self.missing, *other.missing})),
        )

    @property
    def by_ecb(self) -> Iterator[tuple[date, tuple[str, ...]]]:
        """The currencies converted at reference rates, by the date of those."""
        used = [rate for rate in self.rates if rate.source == ECB]
        for day in sorted({rate.on for rate in used}):
            yield day, tuple(sorted({rate.of for rate in used if rate.on == day}))


NO_CONVERSIONS = Conversions()
