"""The part of a book that is looked at: portfolios, and which accounts count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot
from cotrader_tui.domain.portfolios import ALL_ACCOUNTS, Portfolio, PortfolioSettings


def portfolios_of(
    accounts: Iterable[AccountBook], settings: PortfolioSettings, account: str | None = None
) -> tuple[Portfolio, ...]:
    """The portfolios there are: all accounts, the configured ones, then each account where there are several.

    With the number of an `account` only that one; two brokers may have the same number, it then is both.
    """
    known = sorted(book.account.id for book in accounts)
    if account is not None:
        return (Portfolio(account, tuple(each for each in known if each.number == account), is_single=True),)
    first = (replace(ALL_ACCOUNTS, base_currency=settings.base_currency), *settings.named)
    single = [each for each in known if each not in settings.excluded]
    return (*first, *(_singles(single, {portfolio.name for portfolio in first}) if len(single) > 1 else ()))


def _singles(accounts: Sequence[AccountId], taken: set[str]) -> Iterator[Portfolio]:
    """A portfolio for each account, named by its number or, where that is not unique, with its broker."""
    numbers = Counter(account.number for account in accounts)
    for account in accounts:
        is_unique = numbers[account.number] == 1 and account.number not in taken
        yield Portfolio(account.number if is_unique else str(account), (account,), is_single=True)


def find_portfolio(portfolios: Iterable[Portfolio], name: str) -> Portfolio | None:
    """The one of that name, in whatever case if none has it exactly; `all` is all accounts."""
    known = tuple(portfolios)
    folded = {portfolio.name.casefold(): portfolio for portfolio in reversed(known)}
    exact = next((portfolio for portfolio in known if portfolio.name == name), None)
    everything = next((each for each in known if each.accounts is None and name.casefold() == "all"), None)
    return exact or folded.get(name.casefold()) or everything


def select_portfolio(
    snapshot: PortfolioSnapshot, portfolio: Portfolio, settings: PortfolioSettings
) -> PortfolioSnapshot:
    """The part of the whole book that is in `portfolio`; accounts its owner excludes count in no total."""
    books = tuple(_marked(book, settings) for book in snapshot.accounts)
    whole = replace(snapshot, accounts=books, portfolio=portfolio)
    if portfolio.accounts is None:
        return whole
    return replace(
        whole,
        accounts=tuple(book for book in books if portfolio.holds(book.account.id)),
        left_out=tuple(book for book in books if not portfolio.holds(book.account.id)),
        legs=tuple(leg for leg in snapshot.legs if portfolio.holds(leg.position.account)),
        closed_today=tuple(leg for leg in snapshot.closed_today if portfolio.holds(leg.position.account)),
        orders=tuple(each for each in snapshot.orders if portfolio.holds(each.order.account)),
        runs=tuple(
            run for run in snapshot.runs if run.account is None or portfolio.holds(AccountId(run.broker, run.account))
        ),
    )


def only_accounts(snapshot: PortfolioSnapshot, accounts: Collection[AccountId]) -> PortfolioSnapshot:
    """The book without the accounts that are not among `accounts`; their brokers' exchange rates stay known."""
    return replace(
        snapshot,
        accounts=tuple(book for book in snapshot.accounts if book.account.id in accounts),
        left_out=(*snapshot.left_out, *(book for book in snapshot.accounts if book.account.id not in accounts)),
        legs=tuple(leg for leg in snapshot.legs if leg.position.account in accounts),
        closed_today=tuple(leg for leg in snapshot.closed_today if leg.position.account in accounts),
    )


def _marked(book: AccountBook, settings: PortfolioSettings) -> AccountBook:
    if book.account.id not in settings.excluded:
        return book
    return replace(book, is_included=False, is_excluded=True)


def included(snapshot: PortfolioSnapshot, legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Those of `legs` whose account counts in totals."""
    accounts = {book.account.id for book in snapshot.accounts if book.is_included}
    return tuple(leg for leg in legs if leg.position.account in accounts)


def misfits(
    accounts: Iterable[AccountBook], settings: PortfolioSettings, portfolios: Iterable[Portfolio]
) -> Iterator[str]:
    """What does not fit between the settings, some `portfolios` and the known `accounts`, a sentence each."""
    known = {book.account.id for book in accounts}
    if not known:
        return
    for account in sorted(settings.excluded - known):
        yield f"{account} is excluded in the configuration, but no sync has found it."
    for portfolio in portfolios:
        for account in portfolio.accounts or ():
            if account not in known:
                yield f"The portfolio {portfolio.name} names {account}, but no sync has found it."
            elif account in settings.excluded and not portfolio.is_single:
                yield f"The portfolio {portfolio.name} names {account}, but that is excluded: it is in no total."
