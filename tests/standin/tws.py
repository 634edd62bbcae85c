"""A stand-in for TWS at the wire: the API's text protocol on a loopback port, in a thread of its own.

    with TwsStandin(book) as server:
        server.positions_fault = PositionsFault.DROP
        ... connect to 127.0.0.1 and server.port ...

It answers requests that read, records every message it gets, and refuses anything else with 321.
`python -m tests.standin.tws [--port 7497]` serves a sample book for trying by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from tests.standin import tws_history as past
from tests.standin import tws_wire as wire
from tests.standin.tws_book import TwsBook, TwsMarket, TwsPosition
from tests.standin.tws_faults import HandshakeFault, PositionsFault

NEWEST_VERSION = 178
"""Later ones speak protobuf."""


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    client_id: int
    id: int
    fields: tuple[str, ...]
    """Without the id."""


ALL_REFUSED_MESSAGES: list[RecordedMessage] = []
"""Of every stand-in in this process; stays empty in a healthy suite."""


@dataclass(slots=True)
class _Session:
    """One client's socket."""

    writer: asyncio.StreamWriter
    version: int
    client_id: int = -1
    lines: dict[int, int] = field(default_factory=dict)
    """Contract by request id of the market data subscriptions that are open."""
    pnl: dict[int, tuple[str, int]] = field(default_factory=dict)
    """(account, contract) by request id of the P&L subscriptions that are open."""
    account_pnl: dict[int, str] = field(default_factory=dict)
    """Account by request id of the subscriptions to its P&L."""
    held_back: list[wire.Fields] = field(default_factory=list)
    follows_positions: bool = False
    portfolio_of: str = ""
    """The account whose portfolio is followed."""

    def send(self, *fields: object) -> None:
        self.writer.write(wire.frame(*fields))

    def error(self, req_id: int, code: int, text: str) -> None:
        self.send(*wire.error(req_id, code, text, self.version))


@dataclass(slots=True)
class TwsStandin:
    """The server. Everything public may be used from any thread while it runs."""

    book: TwsBook = field(default_factory=TwsBook)
    port: int = 0
    """0 takes a free one; afterwards the port it listens at."""
    version: int = NEWEST_VERSION
    line_limit: int = 100
    handshake_fault: HandshakeFault | None = None
    positions_fault: PositionsFault | None = None
    client_ids_in_use: set[int] = field(default_factory=set)
    muted: set[tuple[int, str]] = field(default_factory=set)
    """Requests by id and a field that occurs in them: taken and never answered."""
    greeting: tuple[tuple[int, str], ...] = (
        (2104, "Market data farm connection is OK:usfarm"),
        (2158, "Sec-def data farm connection is OK:secdefnj"),
    )
    """Notices every client gets first."""
    endless: set[str] = field(default_factory=set)
    """Accounts whose values come without an end."""
    is_read_only: bool = False
    """The Read-Only API: open orders are refused with 321 and no end."""
    endless_executions: bool = False
    """Executions come without an end."""
    messages: list[RecordedMessage] = field(default_factory=list)
    refused: list[RecordedMessage] = field(default_factory=list)
    reports_refused: bool = True
    """Whether a refused message counts against the whole suite."""
    most_lines: int = 0
    """The most market data lines that were open at once."""
    greeted: int = 0
    """Clients that have asked for a connection, answered or not."""
    _sessions: list[_Session] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _stopping: asyncio.Event | None = None
    _ready: threading.Event = field(default_factory=threading.Event)

    @property
    def open_lines(self) -> list[int]:
        """Contracts whose market data is subscribed to now, once per subscription."""
        with self._lock:
            return [con_id for session in self._sessions for con_id in session.lines.values()]

    @property
    def open_pnl(self) -> list[tuple[str, int]]:
        """(account, contract) of the P&L subscriptions that are open now."""
        with self._lock:
            return [key for session in self._sessions for key in session.pnl.values()]

    @property
    def open_account_pnl(self) -> list[str]:
        """Accounts whose P&L is subscribed to now."""
        with self._lock:
            return [account for session in self._sessions for account in session.account_pnl.values()]

    @property
    def client_ids(self) -> list[int]:
        """Of the clients connected now."""
        with self._lock:
            return [session.client_id for session in self._sessions]

    def asked(self, message_id: int) -> list[tuple[str, ...]]:
        """The fields of every request with that id."""
        with self._lock:
            return [message.fields for message in self.messages if message.id == message_id]

    def change(self, *edits: Callable[[TwsBook], object]) -> None:
        """Runs `edits` on the book while no request reads it; open P&L subscriptions are told."""
        with self._lock:
            for edit in edits:
                edit(self.book)
        self._in_loop(self._tell_pnl)

    def trade(self, account: str, row: TwsPosition) -> None:
        """From now on `account` holds `row`: whoever follows its positions or its portfolio is told at once."""
        self.change(
            lambda book: book.hold(
                account, *(each for each in book.positions[account] if each.con_id != row.con_id), row
            )
        )
        self._in_loop(lambda: self._tell_trade(account, row))

    def tick(self, con_id: int, market: TwsMarket) -> None:
        """From now on `con_id` trades like this: its open lines are told what is different."""

        def tell() -> None:
            with self._lock:
                before, self.book.market[con_id] = self.book.market.get(con_id, TwsMarket()), market
                for session, req_id in self._lines_of(con_id):
                    for tick in wire.changed_ticks(req_id, before, market):
                        session.send(*tick)

        self._in_loop(tell)

    def refuse(self, con_id: int, code: int) -> None:
        """Says an error about the open lines of `con_id`."""

        def tell() -> None:
            for session, req_id in self._lines_of(con_id):
                session.error(req_id, code, f"Market data notice {code}")

        self._in_loop(tell)

    def _lines_of(self, con_id: int) -> list[tuple[_Session, int]]:
        return [
            (session, req_id) for session in self._sessions for req_id, each in session.lines.items() if each == con_id
        ]

    def fill(self, account: str, con_id: int, exec_id: str) -> None:
        """Every client is told of a fill and of its commission."""

        def tell() -> None:
            for session in self._sessions:
                session.send(*wire.execution(account, self.book.contracts[con_id], exec_id, session.version))
                session.send(*wire.commission(exec_id))

        self._in_loop(tell)

    def say(self, code: int, text: str = "", req_id: int = -1) -> None:
        """Sends every client an error or a notice."""

        def tell() -> None:
            for session in self._sessions:
                session.error(req_id, code, text)

        self._in_loop(tell)

    def kick(self) -> None:
        """Breaks every connection; the server goes on listening."""

        def abort() -> None:
            for session in self._sessions:
                session.writer.transport.abort()

        self._in_loop(abort)

    def start(self) -> Self:
        """Listens; returns once it does."""
        self._ready.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True, name="tws")
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("The stand-in did not start within 10 s.")
        return self

    def stop(self) -> None:
        """Stops listening and breaks every connection. The port can be used again by `start`."""
        if self._thread is None or self._stopping is None:
            return
        self._in_loop(self._stopping.set)
        self._thread.join(10)
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _in_loop(self, work: Callable[[], object]) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(work)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for session in list(self._sessions):
            session.writer.transport.abort()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: _Session | None = None
        try:
            if self.handshake_fault is HandshakeFault.CLOSE:
                return
            session = await self._shake_hands(reader, writer)
            while True:
                self._take(session, await wire.read_frame(reader))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            if session in self._sessions:
                self._sessions.remove(session)
            writer.close()

    async def _shake_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Session:
        await reader.readexactly(4)
        length = int.from_bytes(await reader.readexactly(4), "big")
        offered = (await reader.readexactly(length)).decode().split(" ")[0]
        self.greeted += 1
        if self.handshake_fault is HandshakeFault.MUTE:
            await reader.readexactly(1)
        newest = int(offered.removeprefix("v").split("..")[-1])
        version = 100 if self.handshake_fault is HandshakeFault.TOO_OLD else min(newest, self.version)
        session = _Session(writer, version)
        session.send(version, f"{datetime.now(UTC):%Y%m%d %H:%M:%S} UTC")
        return session

    def _take(self, session: _Session, fields: tuple[str, ...]) -> None:
        message = RecordedMessage(session.client_id, int(fields[0]), fields[1:])
        with self._lock:
            self.messages.append(message)
            if message.id not in wire.READING:
                self._refuse(session, message)
            elif not any((message.id, each) in self.muted for each in message.fields):
                answer = _ANSWERS.get(message.id)
                if answer is not None:
                    answer(self, session, message.fields)

    def _refuse(self, session: _Session, message: RecordedMessage) -> None:
        self.refused.append(message)
        if self.reports_refused:
            ALL_REFUSED_MESSAGES.append(message)
        session.error(-1, 321, "Error validating request: The API interface is currently in Read-Only mode.")

    def _start_api(self, session: _Session, fields: tuple[str, ...]) -> None:
        client_id = int(fields[1])
        if client_id in self.client_ids_in_use or client_id in (each.client_id for each in self._sessions):
            session.error(
                -1, 326, "Unable to connect as the client id is already in use. Retry with a unique client id."
            )
            session.writer.close()
            return
        if self.handshake_fault is HandshakeFault.DECLINE:
            session.writer.close()
            return
        session.client_id = client_id
        self._sessions.append(session)
        session.send(9, 1, 1)
        if self.handshake_fault is not HandshakeFault.NO_ACCOUNTS:
            session.send(15, 1, ",".join(self.book.positions) + ",")
        for code, text in self.greeting:
            session.error(-1, code, text)

    def _positions(self, session: _Session, fields: tuple[str, ...]) -> None:
        for late in session.held_back:
            session.send(*late)
        session.held_back.clear()
        session.follows_positions = True
        rows = list(self._position_rows())
        fault, half = self.positions_fault, len(rows) // 2
        match fault:
            case PositionsFault.MUTE:
                return
            case PositionsFault.DROP:
                for row in rows[:half]:
                    session.send(*row)
                # After the rows have been read: an abort would throw away what is still in the buffer.
                session.writer.close()
                return
            case PositionsFault.LATE:
                session.held_back = [*rows[half:], (62, 1)]
                rows = rows[:half]
            case _:
                pass
        for row in rows:
            session.send(*row)
        if fault is None:
            session.send(62, 1)

    def _position_rows(self) -> Iterator[wire.Fields]:
        for account, rows in self.book.positions.items():
            for row in rows:
                if row.quantity != "0":
                    yield wire.position(account, self.book.contracts[row.con_id], row)
        yield from self.book.raw_positions

    def _cancel_positions(self, session: _Session, fields: tuple[str, ...]) -> None:
        session.follows_positions = False

    def _account_values(self, session: _Session, fields: tuple[str, ...]) -> None:
        _, req_id, account, *_ = fields
        for (tag, currency), value in self.book.values.get(account, {}).items():
            session.send(73, 1, req_id, account, "", tag, value, currency)
        if account not in self.endless:
            session.send(74, 1, req_id)

    def _account_updates(self, session: _Session, fields: tuple[str, ...]) -> None:
        _, is_wanted, account = fields
        session.portfolio_of = account if is_wanted == "1" else ""
        if is_wanted != "1":
            return
        for row in self.book.positions.get(account, []):
            if row.price:
                session.send(*wire.portfolio_item(account, self.book.contracts[row.con_id], row))
        session.send(8, 1, "20:46")
        if account not in self.endless:
            session.send(54, 1, account)

    def _contract_details(self, session: _Session, fields: tuple[str, ...]) -> None:
        req_id, contract = int(fields[1]), self.book.contracts.get(int(fields[2]))
        if contract is None or contract.error:
            session.error(req_id, contract.error if contract else 200, "No details for the request")
            return
        session.send(*wire.contract_details(req_id, contract, session.version))
        session.send(52, 1, req_id)

    def _market_data(self, session: _Session, fields: tuple[str, ...]) -> None:
        req_id, con_id, exchange = int(fields[1]), int(fields[2]), fields[9]
        if not exchange:
            session.error(req_id, 321, "Error validating request.-'bW' : cause - Please enter exchange")
            return
        if len(session.lines) >= self.line_limit:
            session.error(req_id, 101, "Max number of tickers has been reached")
            return
        session.lines[req_id] = con_id
        self.most_lines = max(self.most_lines, len(self.open_lines))
        market = self.book.market.get(con_id)
        if market is None:
            return
        for code in market.errors:
            session.error(req_id, code, f"Market data notice {code}")
        for tick in wire.ticks(req_id, market):
            session.send(*tick)

    def _cancel_market_data(self, session: _Session, fields: tuple[str, ...]) -> None:
        session.lines.pop(int(fields[1]), None)

    def _pnl_single(self, session: _Session, fields: tuple[str, ...]) -> None:
        req_id, account, _, con_id = fields
        session.pnl[int(req_id)] = (account, int(con_id))
        session.send(*wire.pnl_single(int(req_id), self._held(account, int(con_id))))

    def _account_pnl(self, session: _Session, fields: tuple[str, ...]) -> None:
        req_id, account, _ = fields
        session.account_pnl[int(req_id)] = account
        session.send(*wire.account_pnl(int(req_id), self.book.account_pnl(account)))

    def _cancel_account_pnl(self, session: _Session, fields: tuple[str, ...]) -> None:
        session.account_pnl.pop(int(fields[0]), None)

    def _cancel_pnl_single(self, session: _Session, fields: tuple[str, ...]) -> None:
        session.pnl.pop(int(fields[0]), None)

    def _tell_pnl(self) -> None:
        with self._lock:
            for session in self._sessions:
                for req_id, account in session.account_pnl.items():
                    session.send(*wire.account_pnl(req_id, self.book.account_pnl(account)))
                for req_id, (account, con_id) in session.pnl.items():
                    session.send(*wire.pnl_single(req_id, self._held(account, con_id)))

    def _tell_trade(self, account: str, row: TwsPosition) -> None:
        with self._lock:
            contract = self.book.contracts[row.con_id]
            for session in self._sessions:
                if session.follows_positions:
                    session.send(*wire.position(account, contract, row))
                if session.portfolio_of == account:
                    session.send(*wire.portfolio_item(account, contract, row))

    def _executions(self, session: _Session, fields: tuple[str, ...]) -> None:
        req_id, wanted = fields[1], fields[3]
        fills = [
            (account, row) for account, rows in self.book.executions.items() for row in rows if wanted in {"", account}
        ]
        for raw in self.book.raw_executions:
            session.send(11, req_id, *raw)
        for account, row in fills:
            session.send(*past.execution(req_id, account, self.book.contracts[row.con_id], row, session.version))
        if not self.endless_executions:
            session.send(55, 1, req_id)
        for _, row in fills:
            if row.commission:
                session.send(*past.commission(row))

    def _open_orders(self, session: _Session, fields: tuple[str, ...]) -> None:
        if self.is_read_only:
            session.error(-1, 321, "Error validating request.-'bN' : cause - The API interface is in Read-Only mode.")
            return
        for raw in self.book.raw_orders:
            session.send(5, *raw)
        for account, rows in self.book.orders.items():
            for row in rows:
                contract = past.combination(row) if row.legs else self.book.contracts[row.con_id]
                session.send(*past.open_order(account, contract, row, session.version))
                session.send(*past.order_status(row))
        session.send(53, 1)

    def _held(self, account: str, con_id: int) -> TwsPosition:
        rows = self.book.positions.get(account, [])
        return next((row for row in rows if row.con_id == con_id), wire.NOTHING_HELD)

    def _current_time(self, session: _Session, fields: tuple[str, ...]) -> None:
        session.send(49, 1, int(datetime.now(UTC).timestamp()))


_ANSWERS: dict[int, Callable[[TwsStandin, _Session, tuple[str, ...]], None]] = {
    1: TwsStandin._market_data,
    2: TwsStandin._cancel_market_data,
    6: TwsStandin._account_updates,
    7: TwsStandin._executions,
    9: TwsStandin._contract_details,
    16: TwsStandin._open_orders,
    49: TwsStandin._current_time,
    61: TwsStandin._positions,
    64: TwsStandin._cancel_positions,
    71: TwsStandin._start_api,
    76: TwsStandin._account_values,
    92: TwsStandin._account_pnl,
    93: TwsStandin._cancel_account_pnl,
    94: TwsStandin._pnl_single,
    95: TwsStandin._cancel_pnl_single,
}


def main() -> None:
    from tests.standin.tws_sample import sample_book

    parser = argparse.ArgumentParser(
        prog="python -m tests.standin.tws", description="A TWS stand-in with a sample book."
    )
    parser.add_argument("--port", type=int, default=7497, help="the loopback port to listen at (0: any free one)")
    arguments = parser.parse_args()
    with TwsStandin(sample_book(datetime.now(UTC).date()), port=arguments.port) as server:
        sys.stdout.write(f"export IBKR_HOST=127.0.0.1\nexport IBKR_PORT={server.port}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
