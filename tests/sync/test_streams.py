"""What is stored of a stream, how often, and how it does; on a loop whose sleeps take no time."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import MarketUpdate, StreamRefusedError, StreamSilentError
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.errors import BrokerError, CorruptStoreError, ErrorKind
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.backoff import StreamBackoff
from cotrader_tui.sync.engine import Engine
from cotrader_tui.sync.market import FollowedStream
from tests.builders import NOW, TODAY, option, quote
from tests.store.support import damage
from tests.sync.fakes import LoopClock, ScriptedBroker, StreamingScript, run_skipping
from tests.sync.support import answer, config, holding, network_error

CALL, OTHER = option("AAPL", "250"), option("AAPL", "260")
SILENT = StreamSilentError(ErrorKind.NETWORK, "Nothing comes.")
REFUSED = StreamRefusedError(ErrorKind.BROKER, "Not entitled.", "Subscribe.")

LIVE, BROKEN, CONNECTING = StreamState.LIVE, StreamState.BROKEN, StreamState.CONNECTING


class Scene:
    """A followed stream of one connection that holds two options."""

    def __init__(self, path: Path, writer: Writer, number: int, broker: StreamingScript) -> None:
        self.path = path
        self.syncs: list[float] = []
        self.broker = broker
        loop = asyncio.get_running_loop()
        self.stream = FollowedStream("c", number, broker, lambda: self.syncs.append(loop.time()))
        self.task = asyncio.create_task(self.stream.follow(writer, LoopClock(), lambda: 0.5))

    async def say(self, *updates: MarketUpdate | BaseException, within: float = 3) -> StreamStatus:
        self.broker.updates += updates
        await asyncio.sleep(within)
        with Reader(self.path) as reader:
            stored = reader.connections()[0].stream
        assert stored is not None
        return stored

    def marks(self) -> dict[InstrumentId, Decimal | None]:
        with Reader(self.path) as reader:
            legs = reader.snapshot(TODAY).legs
        return {leg.position.instrument.id: leg.quote.mark if leg.quote else None for leg in legs}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program writes all the while."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


def play(path: Path, scene: Callable[[Scene], Awaitable[None]], broker: StreamingScript | None = None) -> None:
    async def run() -> None:
        with Writer(path, busy_seconds=0.01) as writer:
            held = answer(holding(CALL, "1"), holding(OTHER, "1"))
            await Engine(writer, [(config("c"), ScriptedBroker([held]))], LoopClock()).sync_once()
            number = writer.ensure_connection("c", "tastytrade", "", timedelta(seconds=60))
            found = Scene(path, writer, number, broker or StreamingScript([]))
            try:
                await scene(found)
            finally:
                found.task.cancel()
                await asyncio.gather(found.task, return_exceptions=True)

    run_skipping(run())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


class Torrent(StreamingScript):
    """Fifty moves a second, of which each answer is the newest."""

    sent = 0

    async def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await asyncio.sleep(0.02)
            self.sent = int(50 * (loop.time() - began))
            yield MarketUpdate((quote(CALL, str(self.sent)),), overflow=self.sent)


def test_store_is_written_at_most_once_a_second_and_ends_with_the_newest(path: Path) -> None:
    async def scene(found: Scene) -> None:
        marks = set()
        for _ in range(100):
            await asyncio.sleep(0.1)
            marks.add(found.marks()[CALL.id])
        assert 10 <= len(marks) <= 12
        assert isinstance(found.broker, Torrent)
        assert found.broker.sent > 400
        assert max(mark or Decimal(0) for mark in marks) > found.broker.sent - 60

    play(path, scene, Torrent([]))


def test_state_is_stored_with_its_words_and_stays_through_updates_that_say_none(path: Path) -> None:
    async def scene(found: Scene) -> None:
        told = await found.say(MarketUpdate(state=LIVE, message="Fills are not noticed at once.", overflow=3))
        assert (told.state, told.message, told.overflow) == (LIVE, "Fills are not noticed at once.", 3)
        later = await found.say(MarketUpdate((quote(CALL, "7"),)), within=60)
        assert later == told

    play(path, scene)


def test_a_live_stream_is_in_part_since_something_began_to_be_missing(path: Path) -> None:
    async def scene(found: Scene) -> None:
        live = await found.say(MarketUpdate(state=LIVE), within=5 * 3600)
        in_part = await found.say(MarketUpdate(state=LIVE, message="Fills are not noticed."), within=60)
        assert in_part.since >= live.since + timedelta(hours=5)
        still = await found.say(MarketUpdate(state=LIVE, message="Fills are still not noticed."), within=60)
        assert (still.since, still.message) == (in_part.since, "Fills are still not noticed.")
        whole = await found.say(MarketUpdate(state=LIVE))
        assert whole.since >= in_part.since + timedelta(minutes=2)

    play(path, scene)


def test_what_came_too_fast_is_said_until_it_is_no_news_any_more(path: Path) -> None:
    async def scene(found: Scene) -> None:
        assert (await found.say(MarketUpdate(state=LIVE, overflow=300))).overflow == 300
        assert (await found.say(MarketUpdate((quote(CALL, "7"),), overflow=312), within=240)).overflow == 312
        assert (await found.say(within=50)).overflow == 312
        assert (await found.say(within=20)).overflow == 0  # though nothing moves
        assert (await found.say(MarketUpdate((quote(CALL, "8"),), overflow=312), within=60)).overflow == 0
        assert (await found.say(MarketUpdate((quote(CALL, "9"),), overflow=313))).overflow == 313

    play(path, scene)


def test_what_came_too_fast_is_counted_anew_with_each_life_of_the_stream(path: Path) -> None:
    async def scene(found: Scene) -> None:
        await found.say(MarketUpdate(state=LIVE, overflow=300))
        assert (await found.say(network_error(), MarketUpdate(state=LIVE), within=30)).overflow == 300
        assert (await found.say(MarketUpdate((quote(CALL, "7"),), overflow=5))).overflow == 5

    play(path, scene)


def test_a_busy_database_costs_a_write_and_not_the_stream(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scene(found: Scene) -> None:
        await found.say(MarketUpdate((quote(CALL, "1"), quote(OTHER, "1")), state=LIVE))
        with found.locked():
            await found.say(MarketUpdate((quote(CALL, "2"), quote(OTHER, "2")), state=LIVE, message="In part."))
            await found.say(MarketUpdate((quote(CALL, "3"),)))
            assert (found.marks(), found.syncs) == ({CALL.id: Decimal(1), OTHER.id: Decimal(1)}, [])
        told = await found.say(MarketUpdate((quote(CALL, "4"),)), MarketUpdate((quote(CALL, "5"),)))
        assert found.marks() == {CALL.id: Decimal(5), OTHER.id: Decimal(1)}
        assert len(found.syncs) == 1, "it brings what was missed"
        assert (told.state, told.message, found.broker.starts) == (LIVE, "In part.", 1)
        (told_once,) = (record.message for record in caplog.records)
        assert told_once.startswith("The market data of c could not be stored; a sync will bring it: ")
        assert "locked by another program" in told_once

    play(path, scene)


def test_a_damaged_database_ends_the_stream(path: Path) -> None:
    async def scene(found: Scene) -> None:
        await found.say(MarketUpdate((quote(CALL, "1"),), state=LIVE))

    play(path, scene)
    damage(path, "quotes")
    broker = StreamingScript([])
    broker.updates = [MarketUpdate((quote(CALL, "2"),))]

    async def follow() -> None:
        with Writer(path) as writer:
            async with asyncio.timeout(60):
                await FollowedStream("c", 1, broker, lambda: None).follow(writer, LoopClock(), lambda: 0.5)

    with pytest.raises(CorruptStoreError):
        run_skipping(follow())


def test_update_without_any_state_is_a_live_stream(path: Path) -> None:
    async def scene(found: Scene) -> None:
        assert (await found.say(MarketUpdate((quote(CALL, "7"),)))).state is LIVE

    play(path, scene)


def test_trouble_lasts_until_the_stream_is_live_again_and_then_a_sync_is_due_once(path: Path) -> None:
    async def scene(found: Scene) -> None:
        await found.say(MarketUpdate(state=LIVE))
        broken = await found.say(network_error())
        silent = await found.say(MarketUpdate(state=CONNECTING), SILENT, within=30)
        again = await found.say(MarketUpdate(state=CONNECTING), within=30)
        assert [each.state for each in (broken, silent, again)] == [BROKEN, StreamState.SILENT, StreamState.SILENT]
        assert broken.since == silent.since == again.since > NOW
        assert (silent.message, found.syncs) == ("Nothing comes.", [])
        back = await found.say(MarketUpdate(state=LIVE))
        assert (back.state, back.message, len(found.syncs)) == (LIVE, "", 1)
        assert back.since > broken.since

    play(path, scene)


def test_hint_asks_for_a_sync_at_once(path: Path) -> None:
    async def scene(found: Scene) -> None:
        asked_at = asyncio.get_running_loop().time()
        await found.say(MarketUpdate(is_sync_due=True))
        assert found.syncs == [pytest.approx(asked_at, abs=1)]

    play(path, scene)


def test_stream_is_followed_after_a_first_sync_that_failed_so_that_a_broker_that_is_back_is_noticed(path: Path) -> None:
    broker = StreamingScript(network_error(), [answer(holding(CALL, "1"))])
    broker.updates.append(MarketUpdate(state=CONNECTING, is_sync_due=True))

    async def run() -> None:
        stop = asyncio.Event()
        with Writer(path) as writer, Reader(path) as reader:
            running = asyncio.create_task(Engine(writer, [(config("c"), broker)], LoopClock()).run(stop))
            await asyncio.sleep(config("c").sync_interval.total_seconds() / 4)
            assert [leg.position.instrument for leg in reader.snapshot(TODAY).legs] == [CALL]
            stop.set()
            await running

    run_skipping(run())


class Failing(StreamingScript):
    """Each of its streams ends with the same error."""

    def __init__(self, error: BrokerError) -> None:
        super().__init__([])
        self.error = error

    async def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        self.starts += 1
        yield MarketUpdate(state=CONNECTING)
        raise self.error


@pytest.mark.parametrize(
    ("error", "state", "fewest", "most"),
    [
        (network_error(), BROKEN, 50, 70),
        (SILENT, StreamState.SILENT, 50, 70),
        (REFUSED, StreamState.REFUSED, 5, 10),
        (BrokerError(ErrorKind.AUTH, "No token."), StreamState.REFUSED, 5, 10),
    ],
)
def test_stream_that_never_comes_up_is_tried_seldom_and_a_refused_one_hardly(
    path: Path, error: BrokerError, state: StreamState, fewest: int, most: int
) -> None:
    """Starts within an hour."""
    broker = Failing(error)

    async def scene(found: Scene) -> None:
        told = await found.say(within=3600)
        assert told.state is state
        assert fewest <= broker.starts <= most

    play(path, scene, broker)


def test_first_refusal_is_tried_again_soon_for_a_new_token_may_mend_it() -> None:
    backoff = StreamBackoff()
    waits = [backoff.next(1, is_refused=True) for _ in range(7)]
    assert waits == [1, 60, 120, 240, 480, 900, 900]
    assert backoff.next(1, is_refused=False) == 60
    assert backoff.next(3600, is_refused=True) == 1
