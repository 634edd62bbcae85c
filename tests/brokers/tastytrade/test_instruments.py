"""What a row's instrument is, what it is grouped under, and what moves its price."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cotrader_tui.brokers.tastytrade.instruments import TYPES, RowError, instrument_of, underlying_of
from cotrader_tui.brokers.tastytrade.rows import PositionRow
from cotrader_tui.brokers.tastytrade.symbols import future_option_terms, occ_terms, product_of, streamer_symbol
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from tests.standin.payloads import (
    MISSING,
    Json,
    changed,
    crypto_row,
    equity_row,
    future_option_row,
    future_row,
    occ_symbol,
    option_row,
)

DECEMBER = date(2026, 12, 18)


def instrument(row: Json) -> Instrument:
    return instrument_of(PositionRow.model_validate(row))


def tasty(key: str) -> InstrumentId:
    return InstrumentId("tastytrade", key)


def test_equity_option_terms_come_from_its_occ_symbol() -> None:
    option = instrument(option_row("AAPL", DECEMBER, "C", "247.5", 1, "1", "1"))
    assert option.id == tasty("equity_option:AAPL  261218C00247500")
    assert option.symbol == "AAPL  261218C00247500"
    assert (option.type, option.option_type) == (InstrumentType.EQUITY_OPTION, OptionType.CALL)
    assert (option.strike, option.expiration) == (Decimal("247.5"), DECEMBER)
    assert option.expires_at == datetime(2026, 12, 18, 21, tzinfo=UTC)
    assert (option.underlying, option.underlying_id) == ("AAPL", tasty("equity:AAPL"))
    assert option.currency == "USD"


@pytest.mark.parametrize("root", ["SPX", "SPXW"])
def test_index_options_stand_under_the_index_whatever_their_root(root: str) -> None:
    option = instrument(option_row("SPX", DECEMBER, "P", 6000, -1, "1", "1", root=root))
    assert (option.underlying, option.underlying_id) == ("SPX", tasty("index:SPX"))
    assert option.streamer_symbol == f".{root}261218P6000"
    assert not option.is_adjusted


@pytest.mark.parametrize("index", ["XSP", "NDX", "RUT", "VIX"])
def test_other_indexes_are_their_own(index: str) -> None:
    option = instrument(option_row(index, DECEMBER, "P", 300, -1, "1", "1"))
    assert (option.underlying, option.underlying_id) == (index, tasty(f"index:{index}"))


def test_share_class_keeps_its_slash_and_the_option_its_root_without() -> None:
    option = instrument(option_row("BRK/B", DECEMBER, "C", 480, 1, "1", "1"))
    assert option.symbol.startswith("BRKB  ")
    assert (option.underlying, option.underlying_id) == ("BRK/B", tasty("equity:BRK/B"))


def test_future_stands_under_its_product() -> None:
    future = instrument(future_row("/MYMZ6", 1, "1", "1", multiplier="0.5"))
    assert (future.id, future.underlying) == (tasty("future:/MYMZ6"), "/MYM")
    assert future.underlying_id is None
    assert future.multiplier == Decimal("0.5")


def test_future_option_stands_under_the_product_and_moves_with_its_exact_contract() -> None:
    option = instrument(future_option_row("/MESZ6", "EX3Z6", DECEMBER, "P", 6450, -3, "1", "1", multiplier=5))
    assert option.symbol == "./MESZ6EX3Z6 261218P6450"
    assert (option.underlying, option.underlying_id) == ("/MES", tasty("future:/MESZ6"))
    assert (option.option_type, option.strike, option.expiration) == (OptionType.PUT, Decimal(6450), DECEMBER)
    assert option.multiplier == 5
    underlying = underlying_of(option)
    assert underlying is not None
    assert (underlying.id, underlying.underlying, underlying.multiplier) == (
        tasty("future:/MESZ6"),
        "/MES",
        Decimal(5),
    )


def test_future_option_row_that_names_only_the_product_takes_the_contract_from_its_symbol() -> None:
    row = future_option_row(
        "/ESZ6", "EW4Z6", DECEMBER, "C", "6450.5", 1, "1", "1", multiplier=50, underlying_symbol="/ES"
    )
    option = instrument(row)
    assert (option.underlying, option.underlying_id) == ("/ES", tasty("future:/ESZ6"))
    assert option.strike == Decimal("6450.5")


def test_cryptocurrency_is_its_own_underlying() -> None:
    crypto = instrument(crypto_row("BTC/USD", "0.5", "1", "1"))
    assert (crypto.type, crypto.underlying, underlying_of(crypto)) == (
        InstrumentType.CRYPTOCURRENCY,
        "BTC/USD",
        None,
    )


def test_streamer_symbol_is_the_rows() -> None:
    row = option_row("AAPL", DECEMBER, "C", 200, 1, "1", "1", streamer_symbol=".AAPL261218C200X")
    assert instrument(row).streamer_symbol == ".AAPL261218C200X"


@pytest.mark.parametrize(
    ("root", "strike", "expected"),
    [
        ("SPXW", 6000, ".SPXW261218P6000"),
        ("F", "12.37", ".F261218P12.37"),
        ("KO", "62.5", ".KO261218P62.5"),
        ("BABA2", 90, ".BABA2261218P90"),
    ],
)
def test_streamer_symbol_is_made_from_the_occ_symbol_where_the_row_has_none(
    root: str, strike: int | str, expected: str
) -> None:
    row = option_row("SPX", DECEMBER, "P", strike, 1, "1", "1", root=root, streamer_symbol=MISSING)
    assert instrument(row).streamer_symbol == expected


def test_streamer_symbols_are_those_the_sdk_makes() -> None:
    from tastytrade.instruments import Option

    for root, strike in (("SPXW", "6000"), ("F", "12.5"), ("BABA2", "87.125"), ("BRKB", "480")):
        occ = occ_symbol(root, DECEMBER, "C", strike)
        terms = occ_terms(occ)
        assert terms is not None
        assert streamer_symbol(terms) == Option.occ_to_streamer_symbol(occ)


def test_future_option_without_a_streamer_symbol_has_none() -> None:
    row = future_option_row("/MESZ6", "EX3Z6", DECEMBER, "P", 6450, 1, "1", "1", multiplier=5, streamer_symbol=MISSING)
    option = instrument(row)
    assert option.streamer_symbol is None
    assert option.has_greeks


@pytest.mark.parametrize(
    ("changes", "is_adjusted"),
    [({}, False), ({"root": "BABA2"}, True), ({"multiplier": 10}, True), ({"multiplier": "100.0"}, False)],
)
def test_adjusted_options_are_flagged(changes: Json, is_adjusted: bool) -> None:
    assert instrument(option_row("BABA", DECEMBER, "C", 90, 1, "1", "1", **changes)).is_adjusted is is_adjusted


def test_option_with_an_odd_symbol_keeps_what_the_row_says() -> None:
    option = instrument(changed(option_row("AAPL", DECEMBER, "C", 200, 1, "1", "1"), symbol="AAPL-CALL"))
    assert (option.strike, option.option_type, option.expiration) == (None, None, DECEMBER)
    assert option.streamer_symbol == ".AAPL261218C200"


def test_option_without_an_underlying_is_refused() -> None:
    with pytest.raises(RowError, match="underlying"):
        instrument(option_row("AAPL", DECEMBER, "C", 200, 1, "1", "1", underlying_symbol=MISSING))
    row = future_option_row("/MESZ6", "EX3Z6", DECEMBER, "P", 1, 1, "1", "1", multiplier=5)
    with pytest.raises(RowError, match="futures contract"):
        instrument(changed(row, underlying_symbol=MISSING, symbol="odd"))


@pytest.mark.parametrize(("spelling", "kind"), TYPES.items())
def test_every_known_instrument_type_is_read(spelling: str, kind: InstrumentType) -> None:
    row = changed(option_row("AAPL", DECEMBER, "C", 200, 1, "1", "1"), instrument_type=spelling)
    if kind is InstrumentType.FUTURE_OPTION:
        row = future_option_row("/MESZ6", "EX3Z6", DECEMBER, "P", 6450, 1, "1", "1", multiplier=5)
    assert instrument(row).type is kind


def test_the_same_symbol_of_two_types_is_two_instruments() -> None:
    assert instrument(equity_row("ABC", 1, "1", "1")).id != instrument(crypto_row("ABC", 1, "1", "1")).id


@pytest.mark.parametrize(
    ("contract", "product"),
    [("/MESZ6", "/MES"), ("/ESH27", "/ES"), ("/6EM6", "/6E"), ("/ZCN6", "/ZC"), ("/ES", None), ("AAPL", None)],
)
def test_product_of_a_contract(contract: str, product: str | None) -> None:
    assert product_of(contract) == product


@pytest.mark.parametrize(
    ("symbol", "contract", "strike"),
    [
        ("./MNQZ6D4AZ6 261222C24575", "/MNQZ6", "24575"),
        ("./MCLJ7MCOJ7 270317P55", "/MCLJ7", "55"),
        ("./ESH7 EW1H7 270306P6450.5", "/ESH7", "6450.5"),
        ("./6EM7 EUUM7 270604C1.085", "/6EM7", "1.085"),
    ],
)
def test_future_option_symbols_have_a_fixed_width(symbol: str, contract: str, strike: str) -> None:
    terms = future_option_terms(symbol)
    assert terms is not None
    assert (terms.root, terms.strike) == (contract, Decimal(strike))


@pytest.mark.parametrize("symbol", ["", "AAPL", "AAPL  261399C00200000", "AAPL  261218X00200000", "./MESZ6"])
def test_what_is_no_option_symbol_has_no_terms(symbol: str) -> None:
    assert occ_terms(symbol) is None
    assert future_option_terms(symbol) is None
