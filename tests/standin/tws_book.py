"""What the TWS stand-in knows: contracts, positions, account values, prices. Texts are what goes over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

UNSET = "1.7976931348623157E308"
"""How TWS writes a number it does not know."""


@dataclass(frozen=True, slots=True)
class TwsContract:
    con_id: int
    symbol: str
    sec_type: str = "STK"
    expiry: str = ""
    strike: str = "0"
    right: str = ""
    multiplier: str = ""
    exchange: str = "SMART"
    """Where its details say that it trades."""
    currency: str = "USD"
    local_symbol: str = ""
    trading_class: str = ""
    listing: str = ""
    """The exchange in its position row: empty for options and futures."""
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    real_expiration: str = ""
    price_magnifier: str = "1"
    error: int = 0
    """The code its details are answered with instead: 200 is no security definition, 322 too many requests."""


@dataclass(frozen=True, slots=True)
class TwsPosition:
    con_id: int
    quantity: str
    """0 is a position closed today: no row lists it, its P&L subscription still tells of it."""
    average_cost: str
    daily: str = UNSET
    unrealized: str = UNSET
    realized: str = "0"
    value: str = UNSET
    """These four in the account's base currency."""
    price: str = ""
    """Of the portfolio item, in the contract's currency; without it there is no item."""
    market_value: str = "0"
    pnl_quantity: str | None = None
    """What the P&L subscription says is held, if that is not `quantity`."""


@dataclass(frozen=True, slots=True)
class TwsGreeks:
    """A model tick: implied volatility, delta, price, dividends, gamma, vega, theta, underlying price."""

    iv: str = "0.25"
    delta: str = "0.5"
    price: str = "5.1"
    dividend: str = "0"
    gamma: str = "0.02"
    vega: str = "0.31"
    theta: str = "-0.08"
    underlying: str = "231.4"


UNKNOWN_GREEKS = TwsGreeks("-1", "-2", "-1", "-1", "-2", "-2", "-2", "-1")


@dataclass(frozen=True, slots=True)
class TwsMarket:
    """What a market data request is answered with. `kind` 1 live, 2 frozen, 3 delayed, 4 delayed-frozen."""

    bid: str = ""
    ask: str = ""
    last: str = ""
    close: str = ""
    greeks: TwsGreeks | None = None
    kind: int = 1
    errors: tuple[int, ...] = ()
    """Sent before any ticks."""
    halted: str = ""
    """0 is none, 1 one by the exchange, 2 one for volatility."""


@dataclass(frozen=True, slots=True)
class TwsExecution:
    """A fill, and what it cost; without a commission no report follows."""

    con_id: int
    key: str
    side: str = "BOT"
    shares: str = "1"
    price: str = "1"
    at: str = "20261118 15:04:11 US/Eastern"
    commission: str = "1.05"
    currency: str = "USD"
    """Of the commission."""


@dataclass(frozen=True, slots=True)
class TwsOrder:
    """An open order. `legs` are (contract, ratio, action) of a combination, which has no contract of its own."""

    con_id: int
    perm_id: int
    action: str = "BUY"
    quantity: str = "1"
    kind: str = "LMT"
    limit: str = "1"
    aux: str = "0"
    tif: str = "GTC"
    status: str = "Submitted"
    filled: str = "0"
    legs: tuple[tuple[int, int, str], ...] = ()
    symbol: str = ""
    """Of a combination."""
    trail_stop: str = ""


def balance_values(net_liquidating_value: str, cash: str, currency: str = "USD") -> dict[tuple[str, str], str]:
    """An account's values by (tag, currency), with the rate of its base currency."""
    return {
        ("AccountReady", ""): "true",
        ("AccountType", ""): "INDIVIDUAL",
        ("NetLiquidation", currency): net_liquidating_value,
        ("NetLiquidation-S", currency): "1",
        ("TotalCashValue", currency): cash,
        ("BuyingPower", currency): "84000.25",
        ("MaintMarginReq", currency): "15200.5",
        ("GrossPositionValue", currency): "61000.75",
        ("NetLiquidationByCurrency", "BASE"): net_liquidating_value,
        ("ExchangeRate", "BASE"): "1.00",
        ("ExchangeRate", currency): "1.00",
    }


@dataclass(slots=True)
class TwsBook:
    """Change it through the server once that runs."""

    contracts: dict[int, TwsContract] = field(default_factory=dict)
    positions: dict[str, list[TwsPosition]] = field(default_factory=dict)
    values: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    market: dict[int, TwsMarket] = field(default_factory=dict)
    """What is not here is accepted and stays silent."""
    pnl: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Day and open P&L of an account; of one that is not here the sums of its positions."""
    raw_positions: list[tuple[str, ...]] = field(default_factory=list)
    """Position rows sent as they are, after the others."""

    executions: dict[str, list[TwsExecution]] = field(default_factory=dict)
    """By account."""
    orders: dict[str, list[TwsOrder]] = field(default_factory=dict)
    raw_executions: list[tuple[str, ...]] = field(default_factory=list)
    """Execution rows sent as they are, before the others; the request's id is put in."""
    raw_orders: list[tuple[str, ...]] = field(default_factory=list)

    def add_account(
        self, number: str, positions: Iterable[TwsPosition] = (), values: dict[tuple[str, str], str] | None = None
    ) -> None:
        self.positions[number] = list(positions)
        self.values[number] = values if values is not None else balance_values("104250.75", "31240.5")

    def hold(self, number: str, *positions: TwsPosition) -> None:
        """Replaces what the account holds."""
        self.positions[number] = list(positions)

    def account_pnl(self, number: str) -> tuple[str, str]:
        """Day and open P&L of the account; unknown if that of one position is."""
        rows = self.positions.get(number, [])
        return self.pnl.get(number) or (_sum(row.daily for row in rows), _sum(row.unrealized for row in rows))

    def add_contracts(self, *contracts: TwsContract) -> None:
        self.contracts.update({contract.con_id: contract for contract in contracts})


def _sum(figures: Iterable[str]) -> str:
    try:
        total = sum(map(Decimal, figures), Decimal(0))
    except InvalidOperation:
        return UNSET
    return UNSET if not total.is_finite() or total > Decimal("1e300") else str(total)
