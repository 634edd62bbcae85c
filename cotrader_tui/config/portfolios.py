"""The owner's portfolios, from the configuration file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cotrader_tui.config.toml_file import TomlFile
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolios import ALL_ACCOUNTS, Portfolio, PortfolioSettings
from cotrader_tui.domain.spelling import meant
from cotrader_tui.errors import ConfigError

_KEYS = ("accounts", "base_currency")
_CURRENCY = re.compile(r"[A-Z]{3}")
_RESERVED = frozenset({"all", ALL_ACCOUNTS.name.casefold()})
_AN_ACCOUNT = 'Write each account as "broker:number", such as "ibkr:U1234567".'


def portfolio_settings(file: TomlFile) -> PortfolioSettings:
    """The portfolios, the base currency and the excluded accounts that the configuration `file` tells.

    Raises:
        ConfigError: something has the wrong shape; the words name the key, its place and what would be right.
    """
    named = file.data.get("portfolio", {})
    if not isinstance(named, Mapping):
        raise ConfigError(
            f"portfolio is no section in {file.place('portfolio')}.",
            "Name a portfolio in its section: [portfolio.NAME].",
        )
    is_excluding = file.data.get("exclude_accounts") is not None
    return PortfolioSettings(
        named=tuple(_portfolio(name, section, file) for name, section in named.items()),
        base_currency=_currency(file, "base_currency"),
        excluded=frozenset(_accounts(file, "exclude_accounts") if is_excluding else ()),
    )


def _portfolio(name: str, section: object, file: TomlFile) -> Portfolio:
    key, place = f"portfolio.{name}", file.place("portfolio", name)
    if not name.strip() or not name.isprintable() or ":" in name or name.casefold() in _RESERVED:
        raise ConfigError(
            f"'{name}' is no name for a portfolio in {place}.", "Choose another, without a colon; All is always there."
        )
    if not isinstance(section, Mapping):
        raise ConfigError(f"{key} is no section in {place}.", f'Write [{key}] and below it accounts = ["ibkr:U1"].')
    for unknown in section.keys() - set(_KEYS):
        at = file.place("portfolio", name, unknown)
        raise ConfigError(
            f"[{key}] has a '{unknown}' in {at}.", f"{meant(unknown, _KEYS)}Known are: {', '.join(_KEYS)}."
        )
    if "accounts" not in section:
        raise ConfigError(f"[{key}] names no accounts in {place}.", f"Add accounts = [...]. {_AN_ACCOUNT}")
    accounts = tuple(dict.fromkeys(_accounts(file, "portfolio", name, "accounts")))
    if not accounts:
        raise ConfigError(f"{key}.accounts is empty in {place}.", f"Name an account. {_AN_ACCOUNT}")
    return Portfolio(name, accounts, _currency(file, "portfolio", name, "base_currency"))


def _accounts(file: TomlFile, *keys: str) -> Iterator[AccountId]:
    value, key, place = file.find(*keys), ".".join(keys), file.place(*keys)
    if not isinstance(value, list):
        raise ConfigError(f"{key} is no list in {place}.", f'{_AN_ACCOUNT} A list stands in brackets: ["...", "..."].')
    for each in value:
        broker, _, number = each.partition(":") if isinstance(each, str) else ("", "", "")
        if not broker.strip() or not number.strip():
            raise ConfigError(f"{key} has {each!r} in {place}.", _AN_ACCOUNT)
        yield AccountId(broker.strip().lower(), number.strip())


def _currency(file: TomlFile, *keys: str) -> str | None:
    value = file.find(*keys)
    if value is None:
        return None
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value.upper()):
        raise ConfigError(
            f"{'.'.join(keys)} is {value!r} in {file.place(*keys)}.",
            'Set it to a currency in three letters, such as "USD".',
        )
    return value.upper()
