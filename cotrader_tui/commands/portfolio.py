"""The part of the book a command is asked for: by `--account`, `--portfolio` or the settings."""

from __future__ import annotations

from collections.abc import Iterator

from cotrader_tui.analytics.selection import find_portfolio, misfits, portfolios_of, select_portfolio
from cotrader_tui.config import Settings
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.errors import ConfigError


def select_asked(settings: Settings, snapshot: PortfolioSnapshot) -> PortfolioSnapshot:
    """What of the whole book is asked for.

    Raises:
        ConfigError: the account or the portfolio is none of the book's, once it has any account.
    """
    known = portfolios_of(snapshot.accounts, settings.portfolios, settings.account)
    chosen = known[0] if settings.portfolio is None else find_portfolio(known, settings.portfolio)
    if snapshot.accounts and chosen is None:
        names = ", ".join(visible(portfolio.name) for portfolio in known)
        raise ConfigError(f"There is no portfolio {settings.portfolio}.", f"Known are: {names}.")
    if snapshot.accounts and settings.account is not None and not known[0].accounts:
        numbers = sorted({visible(book.account.id.number) for book in snapshot.accounts})
        raise ConfigError(f"There is no account {settings.account}.", f"Known are: {', '.join(numbers)}.")
    return select_portfolio(snapshot, chosen or known[0], settings.portfolios)


def misfit_words(settings: Settings, everything: PortfolioSnapshot, selected: PortfolioSnapshot) -> Iterator[str]:
    """What does not fit between the settings and the book, as far as `selected` is concerned."""
    yield from map(visible, misfits(everything.accounts, settings.portfolios, [selected.portfolio]))
