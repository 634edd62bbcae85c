"""Faults of tastytrade's websockets in words, however deeply the SDK and its websocket library nest them."""

from __future__ import annotations

import logging

import httpx2
from httpx2.websockets import HTTPXWSException

from cotrader_tui.errors import BrokerError, ErrorKind

log = logging.getLogger(__name__)

SOCKET_FAULTS = (ExceptionGroup, HTTPXWSException, httpx2.HTTPError, OSError)
"""What comes out of a socket that broke; a group may hold an error of ours."""

AGAIN_HINT = "It will be opened again; until then the figures are those of the last sync."


def broken(stream: str, what: str) -> BrokerError:
    """The error for a socket that is no good any more; `what` is a clause such as "broke off"."""
    return BrokerError(ErrorKind.NETWORK, f"tastytrade's {stream} {what}.", AGAIN_HINT, is_transient=True)


def in_words(stream: str, error: BaseException) -> BrokerError:
    """Whatever came out of nested groups as one error. Texts stay out: they may hold frames."""
    leaves = list(_leaves(error))
    own = [each for each in leaves if isinstance(each, BrokerError)]
    if own:
        return own[0]
    kinds = ", ".join(sorted({type(each).__name__ for each in leaves}))
    if any(isinstance(each, HTTPXWSException | httpx2.HTTPError | OSError) for each in leaves):
        return broken(stream, f"broke off ({kinds})")
    log.info("tastytrade's %s ended with %s", stream, kinds)
    unreadable = f"tastytrade's {stream} broke off: it sent something unreadable ({kinds})."
    return BrokerError(ErrorKind.PAYLOAD, unreadable, AGAIN_HINT)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]
