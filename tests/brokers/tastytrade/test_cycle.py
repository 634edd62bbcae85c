"""One cycle against the stand-in: what is asked, and how answers of several accounts come together."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import perf_counter

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.market import MarkSource, Quote
from tests.brokers.tastytrade.conftest import BUDGET, NOW, Connect, answer_greeks, eventually, only_snapshot
from tests.standin.faults import Fault
from tests.standin.payloads import (
    MISSING,
    changed,
    equity_row,
    future_option_row,
    future_row,
    greeks_event,
    market_data_row,
    option_row,
)
from tests.standin.sample import MAIN, main_rows, sample_book
from tests.standin.tastytrade import TastytradeStandin

TODAY = date(2026, 11, 18)
DECEMBER = date(2026, 12, 18)


def tasty(key: str) -> InstrumentId:
    return InstrumentId("tastytrade", key)


def marks(snapshot: BrokerSnapshot) -> dict[str, Decimal | None]:
    return {quote.instrument.key: quote.mark for quote in snapshot.quotes}


async def test_cold_book_of_42_positions_costs_at_most_eight_calls(server: TastytradeStandin, connect: Connect) -> None:
    whole = sample_book(TODAY)
    server.change(lambda book: book.add_account(MAIN, main_rows(TODAY)))
    server.change(lambda book: book.market_data.update(whole.market_data))
    server.change(lambda book: book.greeks.update(whole.greeks))
    snapshot = await only_snapshot(connect())
    assert server.calls <= 8
    assert (len(snapshot.holdings), snapshot.quarantined, snapshot.warnings) == (42, (), ())
    assert snapshot.is_complete
    options = [holding.instrument for holding in snapshot.holdings if holding.instrument.is_option]
    assert {greeks.instrument for greeks in snapshot.greeks} == {option.id for option in options}
    open_ids = {holding.id for holding in snapshot.holdings if holding.quantity != 0}
    priced = {quote.instrument for quote in snapshot.quotes if quote.mark is not None}
    assert priced >= open_ids
    assert {"index:SPX", "equity:QQQ", "equity:BABA"} <= {each.key for each in priced - open_ids}


async def test_warm_cycle_needs_no_token_again(server: TastytradeStandin, connect: Connect) -> None:
    rows = [option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1"), equity_row("KO", 100, "60", "62")]
    server.change(lambda book: book.add_account(MAIN, rows))
    answer_greeks(server, rows)
    broker = connect()
    await only_snapshot(broker)
    server.forget_requests()
    await only_snapshot(broker)
    assert [(each.method, each.path) for each in server.requests] == [
        ("GET", "/customers/me/accounts"),
        ("GET", f"/accounts/{MAIN}/positions"),
        ("GET", f"/accounts/{MAIN}/balances"),
        ("GET", "/market-data/by-type"),
    ]
    assert len(server.sockets) == 1


async def test_quote_token_is_asked_for_again_after_twenty_hours(server: TastytradeStandin, connect: Connect) -> None:
    rows = [option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1")]
    server.change(lambda book: book.add_account(MAIN, rows))
    answer_greeks(server, rows)
    times = [NOW]
    broker = connect(clock=lambda: times[-1])
    for hours in (0, 19, 21):
        times.append(NOW + timedelta(hours=hours))
        await only_snapshot(broker)
    assert len(server.quote_tokens) == 2


async def test_book_without_options_opens_no_socket(server: TastytradeStandin, connect: Connect) -> None:
    server.change(lambda book: book.add_account(MAIN, [equity_row("KO", 100, "60", "62")]))
    snapshot = await only_snapshot(connect())
    assert server.sockets == []
    assert server.quote_tokens == []
    assert server.requests_to("/instruments/*") == []
    assert snapshot.warnings == ()


async def test_empty_account_is_a_complete_empty_snapshot(server: TastytradeStandin, connect: Connect) -> None:
    server.change(lambda book: book.add_account(MAIN))
    snapshot = await only_snapshot(connect())
    assert (snapshot.is_complete, snapshot.holdings, snapshot.warnings) == (True, (), ())
    assert server.calls == 4


async def test_index_has_its_last_and_a_futures_option_its_contracts_mark(
    server: TastytradeStandin, connect: Connect
) -> None:
    rows = [
        option_row("SPX", DECEMBER, "P", 5600, -1, "12", "11"),
        option_row("SPX", DECEMBER, "P", 5700, 1, "15", "14", root="SPXW"),
        future_option_row("/MESZ6", "EX3Z6", DECEMBER, "P", 5700, -2, "30", "31", multiplier=5),
        future_row("/MESH7", 1, "6050", "6052.25", multiplier=5),
    ]
    answer_greeks(server, rows)
    server.change(lambda book: book.add_account(MAIN, rows))
    server.change(
        lambda book: book.add_market_data(
            market_data_row("Index", "SPX", mark="5509.6", last="5528.75"),
            market_data_row("Future", "/MESZ6", mark="5530.25", last="5529"),
        )
    )
    snapshot = await only_snapshot(connect())
    assert marks(snapshot)["index:SPX"] == Decimal("5528.75")
    assert marks(snapshot)["future:/MESZ6"] == Decimal("5530.25")
    assert marks(snapshot)["future:/MESH7"] == Decimal("6052.25")
    assert {each.id: (each.underlying, each.type.value) for each in snapshot.underlyings} == {
        tasty("index:SPX"): ("SPX", "index"),
        tasty("future:/MESZ6"): ("/MES", "future"),
    }
    (request,) = server.requests_to("/market-data/by-type")
    assert {("index", "SPX"), ("future", "/MESZ6"), ("future", "/MESH7")} < set(request.query)


async def test_bid_ask_and_halt_of_what_is_held_come_beside_its_own_mark(
    server: TastytradeStandin, connect: Connect
) -> None:
    halted = market_data_row(
        "Equity", "KO", mark="61", bid="60.9", ask="61.1", last="61.05", prev_close="62.5", is_trading_halted=True
    )
    server.change(lambda book: book.add_account(MAIN, [equity_row("KO", 100, "60", "62")]))
    server.change(lambda book: book.add_market_data(halted))
    (quote,) = (await only_snapshot(connect())).quotes
    assert quote == Quote(
        tasty("equity:KO"),
        Decimal(62),
        MarkSource.BROKER,
        NOW,
        bid=Decimal("60.9"),
        ask=Decimal("61.1"),
        last=Decimal("61.05"),
        previous_close=Decimal("62.5"),
        is_halted=True,
    )


async def test_missing_bids_and_halts_of_what_has_its_marks_are_noted_and_cost_nothing_else(
    server: TastytradeStandin, connect: Connect
) -> None:
    server.change(lambda book: book.add_account(MAIN, [equity_row("KO", 100, "60", "62")]))
    server.fail("/market-data/by-type", Fault.status(403))
    snapshot = await only_snapshot(connect())
    assert (marks(snapshot), snapshot.warnings) == ({"equity:KO": Decimal(62)}, ())
    (note,) = snapshot.notes
    assert note.startswith("Bids, asks and halts are not known: ")


async def test_what_a_sync_can_land_without_holds_it_up_only_for_a_moment(
    server: TastytradeStandin, connect: Connect
) -> None:
    future = future_row("/MESH7", 1, "6050", "6052.25", multiplier=5, streamer_symbol=MISSING)
    server.change(lambda book: book.add_account(MAIN, [future]))
    server.fail("/market-data/by-type", Fault.hang())
    server.fail("/instruments/futures", Fault.hang())
    started = perf_counter()
    snapshot = await only_snapshot(connect(call_timeout=20, aside_timeout=0.1))
    assert perf_counter() - started < 5
    assert marks(snapshot) == {"future:/MESH7": Decimal("6052.25")}
    assert (len(snapshot.warnings), len(snapshot.notes)) == (1, 1)


async def test_position_without_a_mark_gets_its_price_from_market_data(
    server: TastytradeStandin, connect: Connect
) -> None:
    rows = [equity_row("BRK/B", 10, "441", None), option_row("BRK/B", DECEMBER, "C", 480, -1, "5", None)]
    answer_greeks(server, rows)
    server.change(lambda book: book.add_account(MAIN, rows))
    server.change(
        lambda book: book.add_market_data(
            market_data_row("Equity", "BRK/B", mark="468.9"),
            market_data_row("Equity Option", rows[1]["symbol"], mark=None, bid="4.10", ask="4.30"),
        )
    )
    snapshot = await only_snapshot(connect())
    quotes = {quote.instrument.key: (quote.mark, quote.mark_source) for quote in snapshot.quotes}
    assert quotes == {
        "equity:BRK/B": (Decimal("468.9"), MarkSource.BROKER),
        "equity_option:BRKB  261218C00480000": (Decimal("4.2"), MarkSource.MID),
    }


async def test_more_than_a_hundred_prices_are_asked_for_in_several_calls(
    server: TastytradeStandin, connect: Connect
) -> None:
    rows = [equity_row(f"S{number}", 1, "1", None) for number in range(120)]
    server.change(lambda book: book.add_account(MAIN, rows))
    server.change(
        lambda book: book.add_market_data(*(market_data_row("Equity", row["symbol"], mark="2") for row in rows))
    )
    snapshot = await only_snapshot(connect())
    assert sorted(len(each.query) for each in server.requests_to("/market-data/by-type")) == [20, 100]
    assert set(marks(snapshot).values()) == {Decimal(2)}
    assert len(snapshot.quotes) == 120


async def test_zero_row_lands_with_its_gain_and_asks_for_no_price(server: TastytradeStandin, connect: Connect) -> None:
    gain = {"realized_day_gain": "12.5", "realized_day_gain_effect": "Credit"}
    server.change(lambda book: book.add_account(MAIN, [equity_row("KO", 0, "60", None, **gain)]))
    snapshot = await only_snapshot(connect())
    (holding,) = snapshot.holdings
    assert holding.quantity == 0
    assert holding.realized_day_gain is not None
    assert holding.realized_day_gain.amount == Decimal("12.5")
    assert server.requests_to("/market-data/*") == []


async def test_expired_and_unstreamable_options_are_not_subscribed(server: TastytradeStandin, connect: Connect) -> None:
    rows = [
        option_row("KO", date(2026, 11, 13), "C", 65, 1, "1", "0.0"),
        future_option_row(
            "/MESZ6", "EX3Z6", DECEMBER, "P", 5700, -2, "30", "31", multiplier=5, streamer_symbol=MISSING
        ),
        option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1"),
    ]
    server.change(lambda book: book.add_account(MAIN, rows))
    server.change(lambda book: book.greeks.update({".KO261218C65": greeks_event(0.4)}))
    snapshot = await only_snapshot(connect())
    (socket,) = server.sockets
    assert socket.subscribed == [".KO261218C65"]
    assert [greeks.instrument.key for greeks in snapshot.greeks] == ["equity_option:KO    261218C00065000"]
    assert len(snapshot.holdings) == 3


async def test_two_accounts_share_prices_and_greeks_and_keep_their_own_rows(
    server: TastytradeStandin, connect: Connect
) -> None:
    call = option_row("KO", DECEMBER, "C", 65, -1, "1", "1.1")
    server.change(lambda book: book.add_account("5WX00001", [equity_row("KO", 100, "60", "62"), call]))
    server.change(lambda book: book.add_account("5WX00002", [changed(call, quantity=7, quantity_direction="Long")]))
    server.change(lambda book: book.greeks.update({".KO261218C65": greeks_event(0.4)}))
    broker = connect()
    first, second = await broker.fetch(await broker.accounts(), BUDGET)
    assert isinstance(first, BrokerSnapshot)
    assert isinstance(second, BrokerSnapshot)
    assert [holding.quantity for holding in first.holdings] == [100, -1]
    assert [holding.quantity for holding in second.holdings] == [7]
    assert marks(second) == {"equity_option:KO    261218C00065000": Decimal("1.1"), "equity:KO": Decimal(62)}
    assert first.underlyings == ()
    assert [each.id for each in second.underlyings] == [tasty("equity:KO")]
    assert [each.delta for each in (*first.greeks, *second.greeks)] == [0.4, 0.4]
    (request,) = server.requests_to("/market-data/*")
    assert (len(server.sockets), len(request.query)) == (1, 2)


async def test_greeks_carry_the_time_of_their_computation(server: TastytradeStandin, connect: Connect) -> None:
    server.change(lambda book: book.add_account(MAIN, [option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1")]))
    computed = datetime(2026, 11, 18, 20, 45, 59, 500000, tzinfo=UTC)
    event = greeks_event(0.4, time=int(computed.timestamp() * 1000))
    server.change(lambda book: book.greeks.update({".KO261218C65": event}))
    (greeks,) = (await only_snapshot(connect())).greeks
    assert (greeks.as_of, greeks.received_at) == (computed, NOW)
    assert (greeks.delta, greeks.gamma, greeks.theta) == (0.4, 0.0125, -0.0642)
    assert (greeks.vega, greeks.rho, greeks.iv) == (0.1187, 0.0531, 0.2814)


async def test_no_task_and_no_socket_is_left_after_a_cancelled_fetch(
    server: TastytradeStandin, connect: Connect
) -> None:
    server.change(lambda book: book.add_account(MAIN, [option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1")]))
    broker = connect()
    accounts = await broker.accounts()
    before = asyncio.all_tasks()
    fetching = asyncio.create_task(broker.fetch(accounts, BUDGET))
    await eventually(lambda: bool(server.sockets and server.sockets[0].subscribed))
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    assert fetching.cancelled()
    assert asyncio.all_tasks() == before
    await eventually(lambda: not server.sockets[0].is_open)


async def test_close_ends_a_running_fetch_and_may_be_called_again(server: TastytradeStandin, connect: Connect) -> None:
    server.change(lambda book: book.add_account(MAIN, [option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1")]))
    broker = connect()
    accounts = await broker.accounts()
    before = asyncio.all_tasks()
    fetching = asyncio.create_task(broker.fetch(accounts, BUDGET))
    await eventually(lambda: bool(server.sockets))
    await broker.close()
    await broker.close()
    async with asyncio.timeout(5):
        await fetching
    assert asyncio.all_tasks() == before


async def test_closing_what_was_never_used_is_fine(connect: Connect) -> None:
    await connect().close()


async def test_shares_closed_today_still_price_the_options_left_on_them(
    server: TastytradeStandin, connect: Connect
) -> None:
    rows = [equity_row("KO", 0, "60", None), option_row("KO", DECEMBER, "C", 65, -1, "1", "1.1")]
    server.change(lambda book: book.add_account(MAIN, rows))
    server.change(lambda book: book.add_market_data(market_data_row("Equity", "KO", mark="62.18")))
    answer_greeks(server, rows)
    snapshot = await only_snapshot(connect())
    assert marks(snapshot)["equity:KO"] == Decimal("62.18")
    assert [each.id for each in snapshot.underlyings] == [tasty("equity:KO")]


async def test_sandbox_is_asked_without_a_version(server: TastytradeStandin, connect: Connect) -> None:
    await connect().accounts()
    await connect(is_sandbox=True).accounts()
    versions = [each.accept_version for each in server.requests_to("/customers/me/accounts")]
    assert versions == ["20251101", None]
