"""Which portfolio is shown, and what of the newest book is in it."""

from __future__ import annotations

from cotrader_tui.analytics.selection import find_portfolio, misfits, portfolios_of, select_portfolio
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.portfolios import Portfolio, PortfolioSettings


class PortfolioChoice:
    """The choice lasts for the session, whatever screen is shown and whatever book comes."""

    def __init__(self, settings: PortfolioSettings, account: str | None, wanted: str | None) -> None:
        """`account` narrows everything to that account number, `wanted` names the portfolio to begin with."""
        self._settings = settings
        self._account = account
        self._wanted = wanted
        self._whole: PortfolioSnapshot | None = None
        self.known = portfolios_of((), settings, account)
        """Every portfolio there is, in the order in which they are cycled."""
        self._said: set[str] = set()

    @property
    def shown(self) -> Portfolio:
        """The one wanted; all accounts where there is none such."""
        first, *_ = known = self.known
        found = None if self._wanted is None else find_portfolio(known, self._wanted)
        return found or first

    @property
    def newest_run(self) -> int:
        """The number of the newest sync run of the whole book; 0 where there is none."""
        return 0 if self._whole is None else max((run.id for run in self._whole.runs), default=0)

    def take(self, whole: PortfolioSnapshot) -> PortfolioSnapshot:
        """Keep the newest book; returns what of it is in the portfolio shown."""
        self._whole = whole
        self.known = portfolios_of(whole.accounts, self._settings, self._account)
        return select_portfolio(whole, self.shown, self._settings)

    def show(self, name: str) -> PortfolioSnapshot | None:
        """Show the portfolio of that name from now on; returns what of the newest book is in it."""
        self._wanted = name
        return None if self._whole is None else self.take(self._whole)

    def neighbour(self, by: int) -> str:
        """The name of the portfolio so many after the one shown; the first comes after the last."""
        known = self.known
        return known[(known.index(self.shown) + by) % len(known)].name

    def news(self) -> tuple[str, ...]:
        """Sentences on what does not fit between settings and book, each told once."""
        if self._whole is None or not self._whole.accounts:
            return ()
        found = [*misfits(self._whole.accounts, self._settings, self._settings.named)]
        if self._wanted is not None and find_portfolio(self.known, self._wanted) is None:
            names = ", ".join(portfolio.name for portfolio in self.known)
            found.insert(0, f"There is no portfolio {self._wanted}; all accounts are shown. Known are: {names}.")
        fresh = tuple(sentence for sentence in found if sentence not in self._said)
        self._said.update(fresh)
        return fresh
