"""Faults of tastytrade's interface as errors a person can act on. No body of an answer ever stands in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from cotrader_tui.errors import BrokerError, ErrorKind

TOKEN_PATH = "/oauth/token"

NEW_GRANT_HINT = (
    "Make a new grant with the read scope only at my.tastytrade.com (Manage, My Profile, API, OAuth Applications) "
    "and put its values into TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN."
)
_WAIT_HINT = "It will be tried again; status.tastytrade.com tells of outages."
_NETWORK_HINT = "Check the network; it will be tried again."

_REFUSED_GRANT_CODES = frozenset(
    {"invalid_grant", "invalid_client", "unauthorized_client", "access_denied", "invalid_scope"}
)
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,60}")
_ASKED_FOR = (
    (TOKEN_PATH, "an access token"),
    ("/customers/me/accounts", "the accounts"),
    ("/positions", "the positions"),
    ("/balances", "the balances"),
    ("/transactions", "the transactions"),
    ("/orders/live", "the orders"),
    ("/market-data/by-type", "market data"),
    ("/api-quote-tokens", "a quote token"),
)


class AnswerError(BrokerError):
    """tastytrade answered with an HTTP status that is no success."""

    def __init__(
        self,
        status: int,
        kind: ErrorKind,
        message: str,
        hint: str,
        *,
        is_transient: bool = False,
        is_grant_refused: bool = False,
    ) -> None:
        super().__init__(kind, message, hint, is_transient=is_transient, is_grant_refused=is_grant_refused)
        self.status = status


def asked_for(path: str) -> str:
    """What a request to `path` asks for, in words and without account numbers."""
    return next((words for ending, words in _ASKED_FOR if path.endswith(ending)), "data")


def answer_error(path: str, status: int, body: object) -> AnswerError:
    """The error for an answer with `status` (not a success) and its parsed JSON `body`, `None` if it is no JSON."""
    code = _error_code(body)
    reason = f" ({code})" if code and code != str(status) else ""
    answered = f"tastytrade answered {status}{reason} when asked for {asked_for(path)}."
    if path.endswith(TOKEN_PATH) and status in {400, 401, 403} and code in _REFUSED_GRANT_CODES:
        refused = f"tastytrade refused the grant ({code})."
        return AnswerError(status, ErrorKind.AUTH, refused, NEW_GRANT_HINT, is_grant_refused=True)
    kind, hint, is_transient = _classify(path, status)
    return AnswerError(status, kind, answered, hint, is_transient=is_transient)


def unreadable(path: str, detail: str) -> BrokerError:
    """The error for a successful answer that cannot be read; `detail` is a clause such as "it is not valid JSON"."""
    return BrokerError(
        ErrorKind.PAYLOAD,
        f"tastytrade's answer about {asked_for(path)} could not be read: {detail}.",
        "If it stays, look for a newer version of cotrader-tui.",
    )


@contextmanager
def network_faults(path: str, seconds: float) -> Iterator[None]:
    """Turns time-outs and broken connections inside the block into `BrokerError`s of kind network."""
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException):
        raise _network(f"tastytrade did not answer within {seconds:g} s when asked for {asked_for(path)}.") from None
    except httpx2.ConnectError:
        raise _network(f"tastytrade could not be reached when asked for {asked_for(path)}.") from None
    except httpx2.RequestError:
        raise _network(f"The connection to tastytrade broke while it answered about {asked_for(path)}.") from None


def _network(message: str) -> BrokerError:
    return BrokerError(ErrorKind.NETWORK, message, _NETWORK_HINT, is_transient=True)


def _classify(path: str, status: int) -> tuple[ErrorKind, str, bool]:
    if status == 429:
        return ErrorKind.RATE_LIMIT, "Sync less often, or stop other programs that use this grant.", True
    if status == 408:
        return ErrorKind.NETWORK, _NETWORK_HINT, True
    if status >= 500:
        return ErrorKind.BROKER, _WAIT_HINT, True
    if status == 401 or path.endswith(TOKEN_PATH):
        return ErrorKind.AUTH, f"If it stays: {NEW_GRANT_HINT[0].lower()}{NEW_GRANT_HINT[1:]}", False
    if status == 403:
        return ErrorKind.AUTH, "Check that the grant has the read scope and that the account is yours to see.", False
    if status == 406:
        return ErrorKind.BROKER, "This version of the interface was retired: update cotrader-tui.", False
    if status == 404:
        return ErrorKind.BROKER, "Check at tastytrade whether the account still exists.", False
    return ErrorKind.BROKER, "If it stays, look for a newer version of cotrader-tui.", False


def _error_code(body: object) -> str | None:
    """The error code in any of the three forms the interface uses, if it is a plain identifier."""
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else body.get("error_code") or error
    text = str(code) if isinstance(code, str | int) else ""
    return text if _CODE.fullmatch(text) else None
