"""What goes wrong at TWS as errors a person can act on. No text of TWS stands in one: those may name accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.errors import BrokerError, ErrorKind

ID_IN_USE = 326
TOO_OLD_CODES = frozenset({503, 10141})
LINK_LOST = frozenset({1100, 2110})
LINK_BACK_DATA_LOST = 1101
LINK_BACK = 1102
PORT_CHANGED = 1300
FARM_BROKEN = {2103: "market data", 2157: "contract"}
"""Farms whose loss makes figures old. 2105, historical data, concerns nothing that is read here."""
FARM_FINE = frozenset({2104, 2106, 2107, 2108, 2119, 2158})
NOT_KNOWN = 200
NO_LINES_LEFT = 101
DELAYED_INSTEAD = 10167

MARKET_DATA_FAULTS = {
    100: "TWS asks for fewer requests",
    NO_LINES_LEFT: "all market data lines are taken",
    NOT_KNOWN: "the contract is not known any more",
    321: "TWS found the request not valid",
    322: "TWS asks for fewer requests",
    354: "no market data subscription",
    10089: "no market data subscription for the API",
    10090: "part of the market data is not subscribed to",
    10091: "part of the market data is not subscribed to",
    10168: "no market data subscription, and delayed data is off",
    10186: "no market data subscription, and delayed data is off",
    10197: "another session of the same user holds the live market data",
}
"""Why a contract has no market data, as a clause."""
NO_FAULTS = frozenset({DELAYED_INSTEAD, 399, *range(2100, 2200)})
"""Warnings about a request, told otherwise or of no consequence."""
REFUSALS = frozenset({354, 10089, 10168, 10186, 10197})
"""Market data that nothing but its owner gets: a subscription or the session is missing."""
PARTIAL_FAULTS = frozenset({10090, 10091, DELAYED_INSTEAD})
"""After these, other ticks still come."""

_API_SETTINGS = "In TWS: File, Global Configuration, API, Settings."
_CHECK_RUNNING = (
    "Start TWS or IB Gateway, log in, enable its API (" + _API_SETTINGS + ") and check IBKR_PORT. "
    "It restarts once a day and comes back within minutes; it will be tried again."
)
_NIGHTLY = "Interactive Brokers resets its servers every night for some minutes; it will be tried again."


class ClientIdInUseError(BrokerError):
    """Another program, or a connection that TWS has not noticed to be gone, holds the client id."""


def refused(address: str, lost_at: datetime | None) -> BrokerError:
    """Nothing listens; `lost_at` is when a connection that stood broke."""
    message = f"Nothing listens at {address}: TWS or IB Gateway is not running there, or its API is off."
    if lost_at is not None:
        message = (
            f"TWS or IB Gateway at {address} ended the connection at {_time(lost_at)} and is not back yet: it restarts."
        )
    return BrokerError(ErrorKind.NETWORK, message, _CHECK_RUNNING, is_transient=True)


def unreachable(address: str, reason: str) -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK,
        f"{address} could not be reached ({reason}).",
        "Check IBKR_HOST, IBKR_PORT and the network.",
        is_transient=True,
    )


def untrusted(address: str) -> BrokerError:
    return BrokerError(
        ErrorKind.AUTH,
        f"TWS at {address} closed the connection at once: it does not trust this machine's address.",
        "Add it to the trusted IPs (" + _API_SETTINGS + ") or answer the question TWS shows.",
    )


def declined(address: str) -> BrokerError:
    return BrokerError(
        ErrorKind.AUTH,
        f"TWS at {address} ended the connection before it named its accounts: it was declined, or TWS restarts.",
        "Answer yes when TWS asks whether to accept the connection, or add this machine to the trusted IPs.",
    )


def unanswered(address: str, seconds: float) -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK,
        f"TWS at {address} took the connection and said nothing for {seconds:g} s: it probably shows a question.",
        "Look at its windows: allow the connection, finish the log-in or confirm the second factor. "
        "Add this machine to the trusted IPs and it will not ask again.",
    )


def no_accounts(address: str, seconds: float) -> BrokerError:
    return BrokerError(
        ErrorKind.BROKER,
        f"TWS at {address} named no accounts within {seconds:g} s: its log-in is not finished.",
        "Finish the log-in in TWS or IB Gateway. The account must be an IBKR Pro one.",
    )


def too_old(address: str) -> BrokerError:
    return BrokerError(
        ErrorKind.BROKER, f"TWS at {address} is too old for its API to be used.", "Update TWS or IB Gateway."
    )


def id_in_use(client_id: int) -> ClientIdInUseError:
    return ClientIdInUseError(ErrorKind.BROKER, f"The client id {client_id} is in use.", "The next one is tried.")


def all_ids_in_use(address: str, client_ids: Sequence[int]) -> BrokerError:
    return BrokerError(
        ErrorKind.BROKER,
        f"TWS at {address} says that the client ids {client_ids[0]} to {client_ids[-1]} are all in use.",
        "Set IBKR_CLIENT_ID to a free number; restart TWS if it still holds ids of programs that are gone.",
    )


def not_finished(address: str, requests: Collection[str]) -> BrokerError:
    """TWS accepted the connection, but what must be known first did not arrive in time."""
    asked = "the positions" if any("positions" in each for each in requests) else "the account values"
    return BrokerError(
        ErrorKind.NETWORK,
        f"TWS at {address} did not finish sending {asked}.",
        "Restart TWS or IB Gateway if this stays; it will be tried again.",
    )


def positions_unfinished(seconds: float) -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK,
        f"TWS did not finish the list of positions within {seconds:.3g} s: nothing was changed.",
        "The connection is made anew; it will be tried again.",
        is_transient=True,
    )


def history_unfinished(what: str, seconds: float) -> BrokerError:
    """`what` is "the executions" or "the open orders"."""
    return BrokerError(
        ErrorKind.NETWORK,
        f"TWS did not finish the list of {what} within {seconds:.3g} s.",
        "It will be asked again; restart TWS or IB Gateway if this stays.",
        is_transient=True,
    )


def dropped(doing: str) -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK,
        f"The connection to TWS broke while {doing}.",
        "TWS restarts once a day; it will be tried again.",
        is_transient=True,
    )


def link_lost(since: datetime) -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK, f"TWS has had no link to Interactive Brokers since {_time(since)} (1100).", _NIGHTLY
    )


def frozen(seconds: float) -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK,
        f"TWS has said nothing for {seconds:g} s, not even what time it is.",
        "Look at its windows; the next sync connects anew.",
        is_transient=True,
    )


def all_refused(cause: str) -> str:
    """Nothing that was asked for is subscribed to; `cause` is a clause."""
    return (
        f"Interactive Brokers refuses the market data of everything held: {cause}. "
        "Subscribe to it in the Client Portal, or end the other session that holds it."
    )


def port_changed(address: str) -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK,
        f"TWS no longer uses {address}: the port of its API was changed.",
        "Set IBKR_PORT to the new one (" + _API_SETTINGS + ")",
    )


def out_of_time() -> BrokerError:
    return BrokerError(
        ErrorKind.NETWORK,
        "TWS had not answered when the time for this sync was over.",
        "Look at its windows; it will be tried again.",
        is_transient=True,
    )


def unexpected(error: BaseException) -> BrokerError:
    return BrokerError(
        ErrorKind.INTERNAL,
        f"Reading TWS failed unexpectedly ({type(error).__name__}).",
        "The log file has the details; please report it.",
    )


def _time(instant: datetime) -> str:
    return f"{instant.astimezone(EXCHANGE_ZONE):%H:%M} New York"
