"""`cotrader held`: every way a person writes a symbol, and only what counts."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.commands.held import HELD_KEYS, Held, Holdings, holdings_of, symbol_key
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.portfolio import Leg
from tests.builders import account, account_book, coin, future, instrument, leg, option, position, share, snapshot
from tests.commands.books import answer, hundred_shares, sync
from tests.commands.conftest import Home, RunCommand

OTHER = account("5WT00002").id
SPXW_PUT = replace(option("SPX"), symbol="SPXW  260417P05000000")


def held_by(symbol: str, *legs: Leg) -> Held:
    return Holdings(legs).of(symbol)


def futures_option(contract: str = "/ESZ6") -> Leg:
    made = instrument("./ESZ6 EW4X6 261127P6500", InstrumentType.FUTURE_OPTION, underlying="/ES", multiplier="50")
    return replace(leg(position(made, "-1")), underlying_symbol=contract)


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("aapl", "AAPL"),
        (" AAPL ", "AAPL"),
        ("aapl260417c00250000", "AAPL  260417C00250000"),
        ("AAPL  260417C00250000", "AAPL260417C00250000"),
        ("/esz6", "/ESZ6"),
        ("./ESZ6  EW4X6 261127P6500", "./ESZ6 EW4X6 261127P6500"),
        ("BRK.B", "BRK/B"),
        ("brk-b", "BRK B"),
        ("BTC-USD", "BTC/USD"),
    ],
)
def test_one_symbol_has_many_spellings(asked: str, written: str) -> None:
    assert symbol_key(asked) == symbol_key(written)


@pytest.mark.parametrize(("one", "other"), [("ES", "/ES"), ("/ES", "./ES"), ("BRKB", "BRK.B"), ("/ESZ6", "/ES")])
def test_different_symbols_stay_apart(one: str, other: str) -> None:
    assert symbol_key(one) != symbol_key(other)


def test_shares_are_held_by_their_symbol_in_any_case() -> None:
    found = held_by("aapl", leg(position(share(), "100")))
    assert (found.is_held, found.quantity, found.accounts, found.legs) == (True, Decimal(100), ("5WT00001",), 1)


def test_what_is_not_held_is_not_held() -> None:
    assert held_by("ES", leg(position(future(), "1")), leg(position(share(), "1"))) == Held()


def test_shares_in_several_accounts_add_up_net() -> None:
    found = held_by("AAPL", leg(position(share(), "100")), leg(position(share(), "-30.5", account=OTHER)))
    assert (found.quantity, found.accounts, found.legs) == (Decimal("69.5"), ("5WT00001", "5WT00002"), 2)


def test_options_alone_hold_their_underlying_without_a_quantity_of_it() -> None:
    found = held_by("AAPL", leg(position(option(), "-2")))
    assert (found.is_held, found.quantity, found.legs) == (True, None, 1)


def test_options_beside_shares_do_not_change_the_quantity_of_shares() -> None:
    found = held_by("AAPL", leg(position(share(), "100")), leg(position(option(), "-1")))
    assert (found.quantity, found.legs) == (Decimal(100), 2)


@pytest.mark.parametrize("asked", ["AAPL  260417C00250000", "aapl260417c00250000"])
def test_an_option_is_held_by_its_occ_symbol_padded_or_not(asked: str) -> None:
    found = held_by(asked, leg(position(share(), "100")), leg(position(option(), "-2")))
    assert (found.quantity, found.legs) == (Decimal(-2), 1)


@pytest.mark.parametrize("asked", ["SPX", "SPXW", "spxw"])
def test_spxw_counts_under_spx(asked: str) -> None:
    weekly, monthly = leg(position(SPXW_PUT, "-1")), leg(position(option("SPX"), "-1"))
    assert held_by(asked, weekly, monthly).legs == 2
    assert held_by(asked, weekly).legs == 1
    assert held_by(asked, monthly).legs == 1


def test_a_root_of_its_own_leads_to_the_underlying() -> None:
    stock = share("BRK/B")
    call = replace(option("BRK/B"), symbol="BRKB  260417C00500000")
    found = held_by("BRKB", leg(position(stock, "10")), leg(position(call, "-1")))
    assert (found.quantity, found.legs) == (Decimal(10), 2)


def test_a_futures_product_is_the_net_of_its_contracts() -> None:
    legs = [leg(position(future("/ESZ6"), "3")), leg(position(future("/ESH7"), "-1")), futures_option()]
    found = held_by("/es", *legs)
    assert (found.quantity, found.legs) == (Decimal(2), 3)


def test_a_futures_contract_is_itself_and_the_options_on_it() -> None:
    legs = [leg(position(future("/ESZ6"), "3")), leg(position(future("/ESH7"), "-1")), futures_option()]
    assert (held_by("/ESZ6", *legs).quantity, held_by("/ESZ6", *legs).legs) == (Decimal(3), 2)
    assert (held_by("/ESH7", *legs).quantity, held_by("/ESH7", *legs).legs) == (Decimal(-1), 1)
    assert held_by("/ESZ6", futures_option()) == Held(legs=1, accounts=("5WT00001",))


def test_coins_are_exact() -> None:
    assert held_by("BTC-USD", leg(position(coin(), "0.12345678"))).quantity == Decimal("0.12345678")


@pytest.mark.parametrize(
    "other", [share("SAP", currency="EUR"), instrument("SAP", InstrumentType.OTHER, multiplier="10")]
)
def test_shares_of_one_name_that_do_not_add_up_have_no_quantity(other: Instrument) -> None:
    found = held_by("SAP", leg(position(share("SAP"), "10"), "11"), leg(position(other, "10"), "11"))
    assert (found.is_held, found.quantity, found.open_pnl, found.legs) == (True, None, None, 2)


def test_open_pnl_is_of_the_symbol_itself_and_unknown_if_any_of_it_is() -> None:
    shares, call = leg(position(share(), "100", "10"), "12"), leg(position(option(), "1", "5"), "1")
    assert held_by("AAPL", shares, call).open_pnl == 200
    assert held_by("AAPL", shares, leg(position(share(), "1", account=OTHER))).open_pnl is None


def test_an_account_that_does_not_count_is_left_out() -> None:
    left = replace(account_book(account("5WT00002")), is_included=False)
    book = snapshot(
        leg(position(share(), "100")),
        leg(position(share(), "7", account=OTHER)),
        leg(position(share("MSFT"), "7", account=OTHER)),
        accounts=[account_book(), left],
    )
    found = holdings_of(book)
    assert (found.of("AAPL").quantity, found.of("AAPL").accounts) == (Decimal(100), ("5WT00001",))
    assert not found.of("MSFT").is_held


@pytest.fixture
def database(home: Home) -> Path:
    path = home.data / "cotrader.db"
    sync(path, hundred_shares(), hundred_shares(of=account("5WT00002")))
    return path


@pytest.mark.usefixtures("database")
def test_one_row_per_symbol_in_the_order_asked(cotrader: RunCommand) -> None:
    finished = cotrader("held", "msft", "aapl", "--json")
    assert finished.code == 0
    assert json.loads(finished.out) == [
        {"symbol": "msft", "is_held": False, "held_quantity": None, "held_accounts": "", "held_legs": 0},
        {
            "symbol": "aapl",
            "is_held": True,
            "held_quantity": 200,
            "held_accounts": "5WT00001,5WT00002",
            "held_legs": 2,
        },
    ]


@pytest.mark.usefixtures("database")
def test_without_json_it_is_a_table_of_the_same_keys(cotrader: RunCommand) -> None:
    header, row = cotrader("held", "AAPL").out.splitlines()
    assert tuple(header.split()) == HELD_KEYS
    assert row.split() == ["AAPL", "true", "200", "5WT00001,5WT00002", "2"]


@pytest.mark.usefixtures("database")
def test_an_account_narrows_it_and_an_unknown_one_is_refused(cotrader: RunCommand) -> None:
    (row,) = json.loads(cotrader("--account", "5WT00002", "held", "AAPL", "--json").out)
    assert (row["held_quantity"], row["held_accounts"]) == (100, "5WT00002")
    refused = cotrader("--account", "9", "held", "AAPL")
    assert (refused.code, refused.out) == (2, "")


@pytest.mark.usefixtures("database")
def test_privacy_masks_the_quantity(cotrader: RunCommand) -> None:
    (row,) = json.loads(cotrader("--privacy", "held", "AAPL", "--json").out)
    assert (row["held_quantity"], row["is_held"]) == ("•••••", True)


def test_old_figures_are_named_so_on_stderr(cotrader: RunCommand, database: Path) -> None:
    assert "its figures are" in cotrader("held", "AAPL").err


def test_never_synced_is_no_answer(cotrader: RunCommand, home: Home) -> None:
    finished = cotrader("held", "AAPL", "--json")
    assert (finished.code, finished.out) == (5, "[]\n")
    assert "There is no database" in finished.err
    assert not home.data.exists()


def test_a_synced_empty_book_holds_nothing(cotrader: RunCommand, home: Home) -> None:
    sync(home.data / "cotrader.db", answer())
    finished = cotrader("held", "AAPL", "--json")
    assert (finished.code, json.loads(finished.out)[0]["is_held"]) == (0, False)


def test_without_a_symbol_it_is_wrong_usage(cotrader: RunCommand) -> None:
    assert cotrader("held").code == 2
