"""The demo behind the broker port: what it holds, that it adds up, and how its time passes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cotrader_tui.brokers.base import (
    AccountFailure,
    AccountResult,
    Broker,
    BrokerSnapshot,
    ConnectionConfig,
    StreamingBroker,
)
from cotrader_tui.brokers.demo import create
from cotrader_tui.brokers.demo.client import DemoBroker, market_from
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import InstrumentType, OptionType
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source
from cotrader_tui.domain.positions import DatedAmount, Holding
from cotrader_tui.errors import ConfigError, ErrorKind

EPOCH = datetime(2026, 9, 15, 14, 2, 7, 250_000, tzinfo=UTC)
BUDGET = timedelta(seconds=100)
SEEDS = st.integers(0, 10_000)


def config(seed: int = 11, epoch: datetime = EPOCH) -> ConnectionConfig:
    return ConnectionConfig("demo", "demo", options={"seed": str(seed), "epoch": epoch.isoformat()})


async def fetch(after: timedelta, seed: int = 11, epoch: datetime = EPOCH) -> tuple[BrokerSnapshot, ...]:
    """The first fetch of a broker made that long after the epoch."""
    results = await fetch_any(create(config(seed, epoch), lambda: epoch + after))
    landed = tuple(result for result in results if isinstance(result, BrokerSnapshot))
    assert len(landed) == len(results)
    return landed


async def fetch_any(broker: Broker) -> tuple[AccountResult, ...]:
    return await broker.fetch(await broker.accounts(), BUDGET)


def rows(snapshots: tuple[BrokerSnapshot, ...]) -> dict[tuple[str, str], Holding]:
    return {(s.account.id.number, h.id.key): h for s in snapshots for h in s.holdings}


def legs(snapshot: BrokerSnapshot) -> Iterator[tuple[Holding, Quote]]:
    quotes = {quote.instrument: quote for quote in snapshot.quotes}
    for holding in snapshot.holdings:
        yield holding, quotes[holding.id]


def value(holding: Holding, quote: Quote) -> Decimal:
    assert quote.mark is not None
    return quote.mark * holding.quantity * holding.instrument.multiplier


def net_liquidating_value(snapshot: BrokerSnapshot) -> Decimal:
    assert snapshot.balances is not None
    assert snapshot.balances.net_liquidating_value is not None
    return snapshot.balances.net_liquidating_value


def day_pnl(snapshot: BrokerSnapshot) -> Decimal:
    today, total = exchange_date(snapshot.fetched_at), Decimal(0)
    for holding, quote in legs(snapshot):
        assert quote.mark is not None
        assert holding.previous_close is not None
        total += (quote.mark - holding.previous_close) * holding.quantity * holding.instrument.multiplier
        if holding.realized_day_gain is not None and holding.realized_day_gain.on == today:
            total += holding.realized_day_gain.amount
    return total


async def test_the_book_is_what_an_options_trader_holds() -> None:
    snapshots = await fetch(timedelta(seconds=3))
    held = [holding for snapshot in snapshots for holding in snapshot.holdings]
    types = {holding.instrument.type for holding in held}
    assert [snapshot.account.nickname for snapshot in snapshots] == ["Margin", "Roth IRA", "Futures"]
    assert 38 <= len(held) <= 44
    assert types == {
        InstrumentType.EQUITY,
        InstrumentType.EQUITY_OPTION,
        InstrumentType.FUTURE,
        InstrumentType.FUTURE_OPTION,
        InstrumentType.CRYPTOCURRENCY,
    }
    assert {"AAPL", "SPY", "SPX", "/ES"} <= {holding.instrument.underlying for holding in held}
    assert {h.instrument.multiplier for h in held if h.instrument.underlying == "/MYM"} == {Decimal("0.5")}
    assert {h.quantity for h in held} >= {Decimal("412.3847"), Decimal("0.38251947")}
    open_pnl = [(q.mark or 0) - (h.average_open_price or 0) for s in snapshots for h, q in legs(s)]
    assert min(open_pnl) < 0 < max(open_pnl)


async def test_symbols_are_written_as_the_broker_writes_them() -> None:
    held = {h.instrument for s in await fetch(timedelta(seconds=3)) for h in s.holdings}
    by_symbol = {instrument.symbol: instrument for instrument in held}
    weekly = next(i for i in held if i.symbol.startswith("SPXW  "))
    monthly = next(i for i in held if i.symbol.startswith("SPX   "))
    on_future = next(i for i in held if i.type is InstrumentType.FUTURE_OPTION)
    assert {weekly.underlying, monthly.underlying} == {"SPX"}
    assert weekly.strike is not None
    assert weekly.expiration is not None
    assert weekly.symbol == f"SPXW  {weekly.expiration:%y%m%d}P{int(weekly.strike * 1000):08d}"
    assert weekly.id.key == f"equity_option:{weekly.symbol}"
    assert {"/ESZ6", "/MESZ6", "/MYMZ6", "BTC/USD"} <= set(by_symbol)
    assert on_future.symbol.startswith("./ES")
    assert on_future.underlying == "/ES"
    assert on_future.underlying_id is not None
    assert on_future.underlying_id.key == f"future:/{on_future.symbol[2:].split()[0]}"


@example(321, datetime(2025, 1, 3), 1_868_603)  # noqa: DTZ001 - an option worth nothing was to be opened
@settings(max_examples=25, deadline=None)
@given(SEEDS, st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)), st.integers(0, 200 * 86_400))  # noqa: DTZ001
async def test_nothing_that_must_be_known_is_missing_at_any_time(seed: int, made: datetime, age: int) -> None:
    epoch = made.replace(tzinfo=UTC)
    now = epoch + timedelta(seconds=age)
    for snapshot in await fetch(timedelta(seconds=age), seed, epoch):
        quotes = {quote.instrument: quote for quote in snapshot.quotes}
        greeks = {each.instrument: each for each in snapshot.greeks}
        known = set(quotes)
        assert snapshot.is_complete
        assert len({holding.id for holding in snapshot.holdings}) == len(snapshot.holdings)
        assert known == {h.id for h in snapshot.holdings} | {i.id for i in snapshot.underlyings}
        assert not {h.id for h in snapshot.holdings} & {i.id for i in snapshot.underlyings}
        for holding in snapshot.holdings:
            instrument = holding.instrument
            assert instrument.underlying_id is None or instrument.underlying_id in known
            assert holding.average_open_price is not None
            assert holding.average_open_price > 0
            assert holding.previous_close is not None
            assert holding.opened_at is not None
            assert holding.opened_at <= now
            assert instrument.expiration is None or instrument.expiration >= exchange_date(now)
            assert instrument.expiration is None or instrument.expiration.weekday() == 4
            if instrument.is_option and not instrument.is_expired(now):
                check_greeks(instrument.option_type, greeks[holding.id])
            else:
                assert holding.id not in greeks
        for quote in snapshot.quotes:
            assert quote.mark is not None
            assert quote.mark >= 0
            assert quote.previous_close is not None
            assert quote.mark_source in (MarkSource.BROKER, MarkSource.LAST)
            if quote.bid is not None and quote.ask is not None:
                assert quote.bid <= quote.mark <= quote.ask


def check_greeks(option_type: OptionType | None, greeks: Greeks) -> None:
    assert greeks.delta is not None
    assert (0 <= greeks.delta <= 1) if option_type is OptionType.CALL else (-1 <= greeks.delta <= 0)
    assert greeks.gamma is not None
    assert greeks.gamma >= 0
    assert greeks.vega is not None
    assert greeks.vega >= 0
    assert greeks.theta is not None
    assert greeks.theta == greeks.theta
    assert greeks.rho is not None
    assert greeks.rho == greeks.rho
    assert greeks.iv is not None
    assert 0.02 < greeks.iv < 3
    assert greeks.source is Source.BROKER


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(0, 100 * 86_400))
async def test_cash_and_what_is_held_add_up_to_net_liquidating_value(seed: int, age: int) -> None:
    for snapshot in await fetch(timedelta(seconds=age), seed):
        assert snapshot.balances is not None
        cash = snapshot.balances.cash_balance
        assert cash is not None
        assert cash > 0
        held = sum(value(h, q) for h, q in legs(snapshot) if h.instrument.type is not InstrumentType.FUTURE)
        assert cash + held == pytest.approx(net_liquidating_value(snapshot), abs=Decimal("0.02"))
        assert sum(snapshot.balances.position_values) == pytest.approx(held, abs=Decimal("0.03"))
        assert snapshot.balances.value_positions
        assert snapshot.balances.maintenance_requirement is not None
        assert snapshot.balances.maintenance_requirement > 0
        assert snapshot.balances.buying_power is not None
        assert 0 < snapshot.balances.buying_power < net_liquidating_value(snapshot)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
async def test_day_pnl_moves_with_net_liquidating_value_through_every_fill_of_a_day(seed: int) -> None:
    morning, evening = await fetch(timedelta(), seed), await fetch(timedelta(hours=12), seed)
    for before, after in zip(morning, evening, strict=True):
        moved = net_liquidating_value(after) - net_liquidating_value(before)
        assert day_pnl(after) - day_pnl(before) == pytest.approx(moved, abs=Decimal("0.2"))


async def test_net_liquidating_value_does_not_jump_when_the_book_is_rolled() -> None:
    rolled = timedelta(days=28)
    before, after = await fetch(rolled - timedelta(seconds=1)), await fetch(rolled)
    assert rows(before).keys() != rows(after).keys()
    for old, new in zip(before, after, strict=True):
        assert net_liquidating_value(new) == pytest.approx(net_liquidating_value(old), rel=Decimal("0.01"))


async def test_the_same_seed_and_clock_give_the_same_book() -> None:
    age = timedelta(hours=5, seconds=12)
    assert await fetch(age) == await fetch(age)
    assert rows(await fetch(age, seed=12)) != rows(await fetch(age))


def test_another_process_continues_the_same_market() -> None:
    program = (
        "import asyncio, sys; from datetime import datetime, timedelta; "
        "from cotrader_tui.brokers.base import ConnectionConfig; from cotrader_tui.brokers.demo import create; "
        "now = datetime.fromisoformat(sys.argv[2]); "
        "broker = create(ConnectionConfig('demo', 'demo', options={'seed': '11', 'epoch': sys.argv[1]}), lambda: now); "
        "run = lambda: asyncio.run(broker.fetch(asyncio.run(broker.accounts()), timedelta(seconds=9))); "
        "print([str(snapshot.balances) for snapshot in run()]); "
        "print([name for name in ('pandas', 'numpy', 'tastytrade', 'pydantic') if name in sys.modules])"
    )
    now = EPOCH + timedelta(minutes=42)
    command = [sys.executable, "-c", program, EPOCH.isoformat(), now.isoformat()]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    here = asyncio.run(fetch(timedelta(minutes=42)))
    assert printed == [str([str(snapshot.balances) for snapshot in here]), "[]"]


async def test_prices_move_within_seconds_and_stay_sane_within_minutes() -> None:
    seconds = [await fetch(timedelta(seconds=each)) for each in (60, 61, 300)]
    marks = [{q.instrument.key: float(q.mark or 0) for s in snapshots for q in s.quotes} for snapshots in seconds]
    names = ["equity:AAPL", "equity:SPY", "index:SPX", "cryptocurrency:BTC/USD"]
    assert all(marks[0][name] != marks[1][name] for name in names)
    assert all(0 < abs(marks[2][name] / marks[0][name] - 1) < 0.02 for name in names)


def kind_of(was: Holding | None, now: Holding) -> str:
    if was is None or was.quantity == 0:
        return "opened"
    if now.quantity == 0:
        return "closed"
    return "increased" if abs(now.quantity) > abs(was.quantity) else "reduced"


@settings(max_examples=20, deadline=None)
@given(SEEDS)
async def test_the_first_ten_minutes_see_one_fill_of_each_kind(seed: int) -> None:
    books = [rows(await fetch(timedelta(seconds=each), seed)) for each in range(0, 601, 30)]
    fills = [
        (kind_of(earlier.get(key), row), row)
        for earlier, later in pairwise(books)
        for key, row in later.items()
        if key not in earlier or earlier[key].quantity != row.quantity
    ]
    assert [kind for kind, _ in fills] == ["increased", "reduced", "closed", "opened"]
    for kind, row in fills:
        if kind in ("reduced", "closed"):
            assert row.realized_day_gain is not None
            assert row.realized_since_open is not None
            assert row.realized_day_gain.on == row.realized_since_open.on == exchange_date(EPOCH)


async def test_a_closed_row_is_purged_overnight() -> None:
    evening, next_day = rows(await fetch(timedelta(hours=1))), rows(await fetch(timedelta(hours=15)))
    closed = {key for key, row in evening.items() if row.quantity == 0}
    assert closed
    assert not closed & {key for key, row in next_day.items() if row.quantity == 0}


async def test_some_money_is_already_realized_today_at_the_first_fetch() -> None:
    held = [h for s in await fetch(timedelta(seconds=1)) for h in s.holdings]
    gains = [h.realized_day_gain for h in held if h.realized_day_gain is not None]
    assert [gain.on for gain in gains] == [exchange_date(EPOCH)]
    assert all(isinstance(gain, DatedAmount) for gain in gains)
    opened_today = [h for h in held if h.opened_at and exchange_date(h.opened_at) == exchange_date(EPOCH)]
    assert opened_today
    assert all(h.previous_close == h.average_open_price for h in opened_today)


async def test_expired_options_keep_their_worth_until_the_day_is_over() -> None:
    weekly = next(h for s in await fetch(timedelta()) for h in s.holdings if "SPXW" in h.instrument.symbol)
    expires_at = weekly.instrument.expires_at
    assert expires_at is not None
    after = expires_at + timedelta(minutes=30) - EPOCH
    snapshot = (await fetch(after))[0]
    spot = next(q.mark for q in (await fetch(expires_at - EPOCH))[0].quotes if q.instrument.key == "index:SPX")
    expired, quote = next((h, q) for h, q in legs(snapshot) if h.id == weekly.id)
    assert spot is not None
    assert expired.instrument.strike is not None
    assert quote.mark == max(Decimal(0), expired.instrument.strike - spot)
    assert weekly.id not in {each.instrument for each in snapshot.greeks}
    next_day = (await fetch(after + timedelta(hours=9)))[0]
    assert weekly.id not in {h.id for h in next_day.holdings}


@pytest.mark.parametrize("age", [27, 100, 365, 900])
async def test_an_old_demo_still_shows_a_living_book(age: int) -> None:
    held = rows(await fetch(timedelta(days=age)))
    assert 33 <= len([row for row in held.values() if row.quantity != 0]) <= 45


async def test_the_first_fetch_never_fails_and_a_later_one_does_on_schedule() -> None:
    now = EPOCH
    broker = create(config(), lambda: now)
    failures: dict[int, list[str]] = {}
    for minute in range(101):
        now = EPOCH + timedelta(minutes=minute, seconds=30)
        for result in await fetch_any(broker):
            if isinstance(result, AccountFailure):
                failures.setdefault(minute, []).append(result.account.id.number)
                assert result.error.kind is ErrorKind.NETWORK
                assert "simulated" in result.error.message
                assert result.error.hint
    assert {minute: len(accounts) for minute, accounts in failures.items()} == {3: 1, 50: 1, 97: 1}
    now = EPOCH + timedelta(minutes=3, seconds=30)
    assert all(isinstance(each, BrokerSnapshot) for each in await fetch_any(create(config(), lambda: now)))


async def test_the_stream_tells_what_moved_once_a_second_and_can_be_left() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    broker = DemoBroker(market_from(config()), lambda: EPOCH + timedelta(seconds=len(waited) // 2), sleep)
    assert isinstance(broker, StreamingBroker)
    accounts = await broker.accounts()
    snapshot = (await broker.fetch(accounts[:1], BUDGET))[0]
    assert isinstance(snapshot, BrokerSnapshot)
    stream = broker.stream()
    first, second = await anext(stream), await anext(stream)
    await stream.aclose()
    assert waited == [1.0, 1.0]  # nothing moved in between, so nothing was told
    assert {q.instrument for q in first.quotes} == {q.instrument for q in snapshot.quotes}
    assert {g.instrument for g in first.greeks} == {g.instrument for g in snapshot.greeks}
    assert second.quotes
    before = {q.instrument: q.mark for q in first.quotes}
    assert all(before[q.instrument] != q.mark for q in second.quotes)
    assert {g.instrument for g in second.greeks} <= {q.instrument for q in second.quotes}
    assert {q.source for q in second.quotes} == {Source.STREAM}


async def test_whoever_asks_the_stream_seldom_is_answered_at_once() -> None:
    waited: list[float] = []
    now = EPOCH

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    broker = DemoBroker(market_from(config()), lambda: now, sleep)
    await broker.fetch(await broker.accounts(), BUDGET)
    async with aclosing(broker.stream()) as stream:
        first = await anext(stream)
        now += timedelta(seconds=5)
        assert (await anext(stream)).quotes[0].received_at == first.quotes[0].received_at + timedelta(seconds=5)
    assert waited == [0]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seed": "x", "epoch": EPOCH.isoformat()},
        {"seed": "1", "epoch": "lately"},
        {"seed": "1", "epoch": "2026-09-15T14:02:07"},
    ],
)
def test_options_that_cannot_be_read_are_refused_in_words(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"demo's (seed|epoch)"):
        create(replace(config(), options=options), lambda: EPOCH)
