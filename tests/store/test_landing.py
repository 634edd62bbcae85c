"""One account's sync is one transaction, exact, and cheap where nothing changed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source
from cotrader_tui.domain.positions import DatedAmount, EventKind, Holding, PositionSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncCounts, Trigger
from cotrader_tui.errors import StoreError
from cotrader_tui.store.landing import Landing
from cotrader_tui.store.reader import Reader
from cotrader_tui.sync.reconcile import reconcile
from tests.builders import ACCOUNT, NOW, TODAY, account, balances, future, greeks, option, quote, share
from tests.sync.support import MINUTE, DiskBook, answer, holding

AAPL = share("AAPL")
CALL = option("AAPL", "250")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DiskBook]:
    book = DiskBook(tmp_path / "book.db")
    yield book
    book.close()


# Exact

amounts = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**9), max_value=10**9)
quantities = amounts.filter(lambda amount: amount != 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quantities, amounts, amounts, amounts, amounts)
def test_every_figure_comes_back_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory,
    quantity: Decimal,
    average: Decimal,
    close: Decimal,
    mark: Decimal,
    gain: Decimal,
) -> None:
    book = DiskBook(tmp_path_factory.mktemp("exact") / "book.db")
    row = Holding(CALL, quantity, average, close, DatedAmount(gain, TODAY), DatedAmount(-gain, TODAY), NOW)
    priced = Quote(CALL.id, mark, MarkSource.MID, NOW, Source.STREAM, gain, close, average, quantity)
    worth = Balances("USD", mark, average, close, gain, NOW, (quantity, gain))
    book.sync(answer(row, quotes=[priced], balances=worth))
    leg, books = book.read().legs[0], book.read().accounts[0]
    book.close()
    position = leg.position
    assert (position.quantity, position.average_open_price, position.previous_close) == (quantity, average, close)
    assert position.realized_since_open == DatedAmount(gain, TODAY)
    assert position.realized_day_gain == DatedAmount(-gain, TODAY)
    assert leg.quote == priced
    assert books.balances == worth


def test_an_instrument_comes_back_whole(book: DiskBook) -> None:
    adjusted = replace(
        option("BRK/B", "412.50", expiration=date(2026, 6, 19), multiplier="0.5"),
        expires_at=datetime(2026, 6, 19, 20, tzinfo=UTC),
        is_adjusted=True,
    )
    book.sync(answer(holding(adjusted, "1"), holding(future("/MYMM6", "/MYM", "0.5"), "-2")))
    found = {leg.position.instrument for leg in book.read().legs}
    assert found == {adjusted, future("/MYMM6", "/MYM", "0.5")}


def test_every_leg_comes_with_what_moves_its_price_held_or_not(book: DiskBook) -> None:
    other, unpriced = option("AAPL", "260"), option("MSFT", "400")
    book.sync(
        answer(
            holding(CALL, "1"), holding(other, "1"), holding(unpriced, "1"), holding(share("KO"), "1"),
            quotes=[quote(AAPL, "251"), quote(CALL, "5")], underlyings=[AAPL, share("MSFT")],
        )
    )  # fmt: skip
    legs = {leg.position.instrument: leg for leg in book.read().legs}
    assert legs[CALL].underlying_quote == legs[other].underlying_quote == quote(AAPL, "251")
    assert (legs[other].quote, legs[other].underlying_symbol) == (None, "AAPL")
    assert (legs[unpriced].underlying_quote, legs[unpriced].underlying_symbol) == (None, "MSFT")
    assert (legs[share("KO")].underlying_quote, legs[share("KO")].underlying_symbol) == (None, None)
    book.later().sync(answer(holding(share("KO"), "1")))
    assert {leg.underlying_symbol for leg in book.read().closed_today} == {"AAPL", "MSFT"}


def test_a_changed_instrument_is_updated_and_its_position_stays(book: DiskBook) -> None:
    book.sync(answer(holding(CALL, "1")))
    (before,) = book.open()
    changed = replace(CALL, multiplier=Decimal(150), is_adjusted=True)
    book.later().sync(answer(holding(changed, "1")))
    (after,) = book.open()
    assert (after.id, after.instrument) == (before.id, changed)


def test_greeks_that_are_not_a_number_are_unknown(book: DiskBook) -> None:
    book.sync(answer(holding(CALL, "1"), greeks=[greeks(CALL, gamma=float("nan"))]))
    leg = book.read().legs[0]
    assert leg.greeks is not None
    assert (leg.greeks.delta, leg.greeks.gamma) == (0.5, None)


# One transaction


def _landing(run: int, *instruments: Instrument, quotes: tuple[Quote, ...] = ()) -> Landing:
    return Landing(run, ACCOUNT, instruments, quotes, (), balances(), (), RunStatus.SUCCESS, None, NOW)


def test_another_reader_sees_before_or_after_and_nothing_between(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), quotes=[quote(AAPL, "50")]))
    writer, now = book.writer, book.later().clock.now
    cycle = writer.begin_cycle(book.number, Trigger.MANUAL, now)
    runs = writer.begin_accounts(cycle, [account()], [account()])
    fetched = answer(holding(AAPL, "60"), holding(CALL, "1"), quotes=[quote(AAPL, "55"), quote(CALL, "5")])
    with Reader(book.path) as reader:
        before = reader.snapshot(TODAY)
        version = reader.data_version()
        with writer.transaction():
            changes = reconcile(writer.stored_account(ACCOUNT, now), fetched, now)
            writer.land(replace(_landing(runs[ACCOUNT], AAPL, CALL, quotes=fetched.quotes), now=now), changes)
            assert reader.snapshot(TODAY) == before
            assert reader.data_version() == version
        after = reader.snapshot(TODAY)
        assert reader.data_version() != version
    assert {leg.position.instrument.symbol: leg.position.quantity for leg in after.legs} == {
        "AAPL": Decimal(60),
        CALL.symbol: Decimal(1),
    }
    assert after.runs[0].status is RunStatus.SUCCESS
    assert after.accounts[0].last_synced_at == now


def test_an_invalid_row_undoes_everything_of_the_transaction(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), quotes=[quote(AAPL, "50")]))
    dump = _content(book.path)
    writer = book.writer
    changes = reconcile(writer.stored_account(ACCOUNT, NOW), answer(holding(AAPL, "60"), holding(CALL, "1")), NOW)
    landing = replace(
        _landing(1, AAPL, CALL, quotes=(quote(AAPL, "99"),)),
        quarantined=((None, "reason", None),),  # type: ignore[arg-type]
    )
    with pytest.raises(StoreError, match="NOT NULL"), writer.transaction():
        writer.land(landing, changes)
    assert _content(book.path) == dump


def test_a_run_that_does_not_exist_is_refused_by_its_foreign_key(book: DiskBook) -> None:
    landing = replace(_landing(4711), account=ACCOUNT, quarantined=(("X", "reason", "{}"),))
    book.sync(answer())
    with pytest.raises(StoreError, match="FOREIGN KEY"), book.writer.transaction():
        book.writer.land(landing, reconcile(book.writer.stored_account(ACCOUNT, NOW), answer(), NOW))


def _content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


# Repeated


def _rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_the_same_answer_again_adds_a_run_and_snapshots_and_nothing_else(book: DiskBook) -> None:
    same = answer(holding(AAPL, "100"), holding(CALL, "-2"), quotes=[quote(AAPL, "50")], greeks=[greeks(CALL)])
    tables = ("instruments", "positions", "position_events", "quotes", "greeks", "balances", "accounts")
    history = {"sync_runs": 1, "position_snapshots": 2, "account_snapshots": 1}
    book.sync(same)
    before = {table: _rows(book.path, table) for table in (*tables, *history)}
    book.later().sync(same)
    assert {table: _rows(book.path, table) for table in tables} == {table: before[table] for table in tables}
    for table, more in history.items():
        assert _rows(book.path, table) == before[table] + more
    assert book.runs()[-1].counts == SyncCounts(unchanged=2)
    assert {position.last_synced_at for position in book.open()} == {NOW + MINUTE}


def _statements(book: DiskBook, size: int) -> Counter[str]:
    """The statements of landing `size` unchanged positions once more, by their first words."""
    instruments = [share(f"S{number:05}") for number in range(size)]
    same = answer(*(holding(each, "1") for each in instruments), quotes=[quote(each, "5") for each in instruments])
    book.sync(same)
    book.later()
    heard: list[str] = []
    book.writer._sqlite.set_trace_callback(heard.append)  # counting needs the connection itself
    book.sync(same)
    book.writer._sqlite.set_trace_callback(None)
    return Counter(" ".join(statement.split()[:3]) for statement in heard)


def test_positions_that_did_not_change_cost_no_statement_of_their_own(tmp_path: Path) -> None:
    """The times of sync and of quotes move in one statement each, and the snapshots are taken in one."""
    small, large = DiskBook(tmp_path / "small.db"), DiskBook(tmp_path / "large.db")
    few, many = _statements(small, 100), _statements(large, 1100)
    small.close()
    large.close()
    grown = {words: count - few[words] for words, count in many.items() if count != few[words]}
    assert grown == {}


def test_a_long_sync_log_makes_neither_a_cycle_nor_a_read_dearer(book: DiskBook) -> None:
    def steps() -> int:
        """Thousands of steps of SQLite's machine in a cycle and in what a screen reads after it."""
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        with Reader(book.path) as reader:
            for sqlite in (book.writer._sqlite, reader._sqlite):  # counting needs the connections themselves
                sqlite.set_progress_handler(count, 1000)
            book.later().sync(answer(holding(AAPL, "1")))
            reader.snapshot(TODAY, runs=1)
        book.writer._sqlite.set_progress_handler(None, 0)
        return taken

    steps()
    short = steps()
    with closing(sqlite3.connect(book.path)) as connection, connection:
        columns = 'cycle, connection_id, account_id, "trigger", sync_type, status'
        older = f"SELECT {columns}, '2025-01-01' FROM sync_runs WHERE status = 'success' LIMIT 1"
        connection.executemany(f"INSERT INTO sync_runs ({columns}, started_at) {older}", [()] * 20_000)
    assert steps() <= short + 1


# History


def test_every_cycle_keeps_a_snapshot_of_each_position_and_of_the_account(book: DiskBook) -> None:
    for mark, delta in (("5", 0.5), ("6", 0.55)):
        book.later().sync(
            answer(
                holding(CALL, "2", "4.50"),
                quotes=[quote(CALL, mark), quote(AAPL, "251")],
                greeks=[greeks(CALL, delta)],
                underlyings=[AAPL],
                balances=balances("1000.25", "7"),
            )
        )
    with Reader(book.path) as reader:
        history = reader.history(book.open()[0].id)
    assert history == (
        PositionSnapshot(NOW + MINUTE, Decimal(2), Decimal(5), Decimal(251), Decimal(100), 0.5, 0.02, -0.1, 0.3, 0.25),
        PositionSnapshot(
            NOW + 2 * MINUTE, Decimal(2), Decimal(6), Decimal(251), Decimal(300), 0.55, 0.02, -0.1, 0.3, 0.25
        ),
    )
    with closing(sqlite3.connect(book.path)) as connection:
        kept = connection.execute("SELECT net_liquidating_value, cash_balance, buying_power FROM account_snapshots")
        assert kept.fetchall() == [("1000.25", "7", "8000.50")] * 2
        received = connection.execute("SELECT DISTINCT source, received_at FROM position_snapshots").fetchall()
    assert received == [("broker", "2026-03-10T15:30:00.000000+00:00")]


def test_a_snapshot_without_a_mark_has_no_pnl(book: DiskBook) -> None:
    book.sync(answer(holding(CALL, "2", "4.50")))
    with Reader(book.path) as reader:
        (only,) = reader.history(book.open()[0].id)
    assert (only.mark, only.open_pnl, only.underlying_price, only.delta) == (None, None, None, None)


def test_a_share_is_its_own_underlying_in_its_snapshot(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), quotes=[quote(AAPL, "52.79")]))
    with Reader(book.path) as reader:
        (only,) = reader.history(book.open()[0].id)
    assert only.underlying_price == Decimal("52.79")


def test_an_event_tells_quantities_price_mark_and_what_was_realized(book: DiskBook) -> None:
    book.sync(answer(holding(CALL, "-2", "7.47"), quotes=[quote(CALL, "7.40")]))
    closing_row = holding(CALL, "0", realized=("484", TODAY))
    book.later().sync(answer(closing_row, quotes=[quote(CALL, "5.05")]))
    with Reader(book.path) as reader:
        opened, closed = reader.events(book.closed()[0].id)
    assert (opened.kind, opened.at, opened.quantity_after, opened.mark) == (
        EventKind.OPENED,
        NOW,
        Decimal(-2),
        Decimal("7.40"),
    )
    assert (closed.kind, closed.at, closed.quantity_before, closed.quantity_after) == (
        EventKind.CLOSED,
        NOW + MINUTE,
        Decimal(-2),
        Decimal(0),
    )
    assert (closed.average_open_price, closed.mark, closed.realized_pnl) == (
        Decimal("7.47"),
        Decimal("5.05"),
        Decimal(484),
    )


def test_a_closed_position_keeps_the_last_mark_it_had(book: DiskBook) -> None:
    book.sync(answer(holding(CALL, "1"), quotes=[quote(CALL, "5")]))
    book.later().sync(answer())
    book.later().sync(answer(holding(CALL, "1"), quotes=[quote(CALL, "9")]))
    with Reader(book.path) as reader:
        (closed,) = reader.closed_legs()
    assert closed.quote is not None
    assert (closed.quote.mark, closed.quote.mark_source) == (Decimal(5), MarkSource.BROKER)
    assert closed.position.average_open_price == Decimal(10)


# Market data between cycles


def test_market_data_moves_between_cycles_only_for_what_is_known(book: DiskBook) -> None:
    book.sync(answer(holding(CALL, "1"), quotes=[quote(CALL, "5")], greeks=[greeks(CALL)]))
    newer = Greeks(CALL.id, 0.6, 0.03, -0.2, 0.4, 0.1, 0.3, NOW + MINUTE, NOW + MINUTE)
    moved = replace(quote(CALL, "5.25"), source=Source.STREAM, received_at=NOW + MINUTE)
    stranger = share("MSFT")
    book.writer.update_market([moved, quote(stranger, "1")], [newer])
    leg = book.read().legs[0]
    assert (leg.quote, leg.greeks) == (moved, newer)
    assert leg.position.last_synced_at == NOW
    book.writer.update_market([quote(CALL, None)], [replace(newer, delta=None, gamma=None, theta=None, vega=None)])
    leg = book.read().legs[0]
    assert (leg.quote, leg.greeks) == (moved, newer)


# Closed today, by the exchange's date


def test_closed_today_begins_at_midnight_in_new_york(book: DiskBook) -> None:
    midnight = datetime(2026, 3, 11, 4, tzinfo=UTC)  # 00:00 in New York, already summer time
    symbols = [share("EARLY"), share("LATE")]
    book.sync(answer(*(holding(each, "1") for each in symbols)))
    book.clock.now = midnight - timedelta(seconds=1)
    book.sync(answer(holding(symbols[1], "1")))
    book.clock.now = midnight
    book.sync(answer())
    with Reader(book.path) as reader:
        today = reader.snapshot(exchange_date(midnight)).closed_today
        yesterday = reader.snapshot(exchange_date(midnight - MINUTE)).closed_today
    assert [leg.position.instrument.symbol for leg in today] == ["LATE"]
    assert [leg.position.instrument.symbol for leg in yesterday] == ["EARLY", "LATE"]


def test_of_an_instrument_closed_twice_or_reopened_today_only_the_newest_row_counts(book: DiskBook) -> None:
    for quantity in ("1", "0", "1", "0"):
        book.later().sync(answer(holding(AAPL, quantity, day_gain=("30", TODAY))))
    assert [leg.position.id for leg in book.read().closed_today] == [2]
    book.later().sync(answer(holding(AAPL, "1", day_gain=("30", TODAY))))
    assert book.read().closed_today == ()
