"""Opening one connection to TWS, and why it did not open. ib_async itself only says that time ran out."""

from __future__ import annotations

import asyncio
import errno
import logging
from dataclasses import dataclass, field
from datetime import datetime

from ib_async import IB, StartupFetch, StartupFetchNONE

from cotrader_tui.brokers.ibkr import errors
from cotrader_tui.brokers.ibkr.settings import Limits, Settings
from cotrader_tui.errors import BrokerError

# It logs account numbers, positions and frames; what concerns a person is said in errors and warnings of ours.
logging.getLogger("ib_async").setLevel(logging.CRITICAL)

_TIMED_OUT = " request timed out"
_CLOSED_LATE = "Peer closed connection"
_REFUSED = f"[Errno {errno.ECONNREFUSED}]"


@dataclass(slots=True)
class _Watch:
    """What happens on the wire while a connection opens."""

    ib: IB
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the outcome of the handshake is known."""
    is_ready: bool = False
    is_closed: bool = False
    codes: set[int] = field(default_factory=set)
    is_too_old: bool = False
    is_closed_late: bool = False
    """Closed after TWS had said its version."""

    def __post_init__(self) -> None:
        self.ib.errorEvent += self._error
        self.ib.client.apiStart += self._ready
        self.ib.client.apiError += self._api_error
        self.ib.client.conn.disconnected += self._closed

    def stop(self) -> None:
        self.ib.errorEvent -= self._error
        self.ib.client.apiStart -= self._ready
        self.ib.client.apiError -= self._api_error
        self.ib.client.conn.disconnected -= self._closed

    def _ready(self) -> None:
        self.is_ready = True
        self.turn.set()

    def _closed(self, _message: str) -> None:
        self.is_closed = True
        self.turn.set()

    def _api_error(self, message: str) -> None:
        if "version" in message:
            self.is_too_old = True
            self.turn.set()
        elif message.startswith(_CLOSED_LATE):
            self.is_closed_late = True

    def _error(self, _req_id: int, code: int, _text: str, _contract: object) -> None:
        self.codes.add(code)
        if code == errors.ID_IN_USE or code in errors.TOO_OLD_CODES:
            self.turn.set()


async def open_connection(
    ib: IB, settings: Settings, client_id: int, limits: Limits, lost_at: datetime | None, *, with_values: bool = True
) -> None:
    """Connects `ib` read-only. Its positions have then arrived once and, `with_values`, those of every account.

    `lost_at` is when an earlier connection broke, if one did.

    Raises:
        ClientIdInUseError: the next id may do.
        ValuesMissingError: only the values of some accounts did not arrive; `ib` is not connected.
        BrokerError: it did not open; the words name the cause as far as the wire tells it.
    """
    watch = _Watch(ib)
    fetch = StartupFetch.SUB_ACCOUNT_UPDATES if with_values else StartupFetchNONE
    connecting = asyncio.create_task(
        ib.connectAsync(
            settings.host, settings.port, client_id, timeout=limits.start, readonly=True, raiseSyncErrors=True,
            fetchFields=fetch,
        )
    )  # fmt: skip
    turning = asyncio.create_task(watch.turn.wait())
    try:
        await asyncio.wait({connecting, turning}, timeout=limits.handshake, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done() and not watch.is_ready:
            raise _cause(watch, settings, client_id, limits)
        await connecting
    except BrokerError:
        raise
    except (OSError, TimeoutError) as error:
        raise _failure(error, watch, settings, client_id, limits, lost_at) from None
    finally:
        turning.cancel()
        connecting.cancel()
        await asyncio.gather(connecting, turning, return_exceptions=True)
        watch.stop()


class ValuesMissingError(BrokerError):
    """Positions can be had, but some account's values do not load: TWS never ends them for some linked accounts."""


def _cause(watch: _Watch, settings: Settings, client_id: int, limits: Limits) -> BrokerError:
    """Why the API is not ready although the attempt still waits."""
    client = watch.ib.client
    if errors.ID_IN_USE in watch.codes:
        return errors.id_in_use(client_id)
    if watch.is_too_old or watch.codes & errors.TOO_OLD_CODES:
        return errors.too_old(settings.address)
    if watch.is_closed_late:
        return errors.declined(settings.address)
    if watch.is_closed:
        return errors.untrusted(settings.address)
    if client.serverVersion():
        return errors.no_accounts(settings.address, limits.handshake)
    if client.conn.isConnected():  # type: ignore[no-untyped-call]
        return errors.unanswered(settings.address, limits.handshake)
    return errors.unreachable(settings.address, f"no answer within {limits.handshake:g} s")


def _failure(
    error: OSError | TimeoutError,
    watch: _Watch,
    settings: Settings,
    client_id: int,
    limits: Limits,
    lost_at: datetime | None,
) -> BrokerError:
    """Why the attempt ended by itself."""
    # A name with several addresses, such as localhost, is refused with one error that only quotes the others.
    if isinstance(error, ConnectionRefusedError) or _REFUSED in str(error):
        return errors.refused(settings.address, lost_at)
    unfinished = error.args[0] if error.args else None
    if isinstance(error, ConnectionError) and isinstance(unfinished, list):
        requests = [str(each).removesuffix(_TIMED_OUT) for each in unfinished]
        missing = errors.not_finished(settings.address, requests)
        if any("positions" in each for each in requests):
            return missing
        return ValuesMissingError(missing.kind, missing.message, missing.hint)
    if watch.is_ready:
        return errors.dropped("TWS was starting to answer")
    if isinstance(error, TimeoutError | ConnectionError) or watch.is_closed:
        return _cause(watch, settings, client_id, limits)
    return errors.unreachable(settings.address, error.strerror or type(error).__name__)
