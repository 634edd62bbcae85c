"""What a contract is called, what it belongs to, and what moves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cotrader_tui.analytics.exposure import exposures
from cotrader_tui.brokers.ibkr.contracts import SMART, Details, Terms
from cotrader_tui.brokers.ibkr.instruments import RowError, instrument_of, symbol_of, underlying_of
from cotrader_tui.brokers.tastytrade.instruments import instrument_of as tastytrade_instrument_of
from cotrader_tui.brokers.tastytrade.rows import PositionRow
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Account, AccountBook, Leg, PortfolioSnapshot
from tests.builders import NOW, account_book, greeks, leg, position
from tests.standin.payloads import option_row

AAPL = Terms(265598, "AAPL", "STK", "", "0", "", "", "USD", "AAPL", "NMS")
CALL = Terms(700001, "AAPL", "OPT", "20270115", "250.0", "C", "100", "USD", "AAPL  270115C00250000", "AAPL")
SPXW = Terms(700002, "SPX", "OPT", "20261204", "5700", "P", "100", "USD", "SPXW  261204P05700000", "SPXW")
ES = Terms(495512563, "ES", "FUT", "20261218", "0", "", "50", "USD", "ESZ6", "ES")
EURO = Terms(495512572, "EUR", "FUT", "20261214", "0", "", "125000", "USD", "6EZ6", "6E")
ES_PUT = Terms(700003, "ES", "FOP", "20261218", "5700", "P", "50", "USD", "EW3Z6 P5700", "EW3")


def details(terms: Terms, under: int = 0, symbol: str = "", kind: str = "", expiration: str = "") -> Details:
    return Details(terms, SMART, under, symbol, kind, expiration)


def books(legs: tuple[Leg, ...]) -> tuple[AccountBook, ...]:
    return tuple(account_book(Account(leg.position.account, "", "USD")) for leg in legs)


def ibkr(con_id: int) -> InstrumentId:
    return InstrumentId("ibkr", str(con_id))


def test_the_same_call_as_at_tastytrade_has_the_same_underlying_symbol_and_terms() -> None:
    row = PositionRow.model_validate(option_row("AAPL", date(2027, 1, 15), "C", 250, -2, "12.504", "5.1"))
    theirs = tastytrade_instrument_of(row)
    ours = instrument_of(CALL, details(CALL, 265598, "AAPL", "STK", "20270115"), details(AAPL))

    def told(instrument: Instrument) -> tuple[object, ...]:
        return (
            instrument.symbol, instrument.type, instrument.underlying, instrument.currency, instrument.multiplier,
            instrument.option_type, instrument.strike, instrument.expiration, instrument.is_adjusted,
        )  # fmt: skip

    assert told(ours) == told(theirs)
    assert ours.id != theirs.id


def test_the_same_call_at_two_brokers_is_two_positions_and_one_underlying_row() -> None:
    row = PositionRow.model_validate(option_row("AAPL", date(2027, 1, 15), "C", 250, -2, "12.504", "5.1"))
    ours = instrument_of(CALL, details(CALL, 265598, "AAPL", "STK", "20270115"), details(AAPL))
    legs = (
        leg(
            position(tastytrade_instrument_of(row), "-2", "12.504"), "5.1", greeks=greeks(tastytrade_instrument_of(row))
        ),
        leg(position(ours, "3", "12.504", account=AccountId("ibkr", "U5550001")), "5.1", greeks=greeks(ours)),
    )
    (exposure,) = exposures(PortfolioSnapshot(accounts=books(legs), legs=legs), NOW)
    assert (exposure.underlying, exposure.legs, exposure.legs_with_greeks) == ("AAPL", 2, 2)
    assert exposure.delta == 0.5 * (-2 + 3) * 100
    assert exposure.market_value.value == Decimal("510")


def test_an_option_is_moved_by_the_contract_its_details_name() -> None:
    found = details(CALL, 265598, "AAPL", "STK")
    call = instrument_of(CALL, found, details(AAPL))
    assert call.underlying_id == instrument_of(AAPL, details(AAPL), None).id == ibkr(265598)
    underlying = underlying_of(call, found, details(AAPL))
    assert underlying is not None
    assert (underlying.id, underlying.symbol, underlying.type) == (ibkr(265598), "AAPL", InstrumentType.EQUITY)


def test_an_option_without_details_never_takes_its_own_price_for_its_underlyings() -> None:
    call = instrument_of(CALL, None, None)
    assert call.underlying_id not in {None, call.id}
    assert (call.underlying, call.strike, call.option_type) == ("AAPL", Decimal(250), OptionType.CALL)
    underlying = underlying_of(call, None, None)
    assert underlying is not None
    assert underlying.id == call.underlying_id


def test_weekly_index_options_stand_under_the_index() -> None:
    found = details(SPXW, 416904, "SPX", "IND")
    option = instrument_of(SPXW, found, None)
    assert (option.underlying, option.symbol) == ("SPX", "SPXW  261204P05700000")
    underlying = underlying_of(option, found, None)
    assert underlying is not None
    assert underlying.type is InstrumentType.INDEX


def test_a_morning_settled_option_expires_on_its_own_day_and_not_its_last_trading_day() -> None:
    terms = replace(SPXW, expiry="20261217", local_symbol="SPX   261218P05700000", trading_class="SPX")
    assert instrument_of(terms, None, None).expiration == date(2026, 12, 18)
    future_option = replace(ES_PUT, expiry="20261217")
    assert instrument_of(future_option, details(future_option, expiration="20261218"), None).expiration == date(
        2026, 12, 18
    )


def test_es_and_its_options_stand_under_the_product_and_the_option_is_moved_by_its_own_contract() -> None:
    future = instrument_of(ES, details(ES), None)
    put = instrument_of(ES_PUT, details(ES_PUT, ES.con_id, "ES", "FUT"), details(ES))
    assert (future.symbol, future.underlying, future.multiplier) == ("/ESZ6", "/ES", Decimal(50))
    assert (put.symbol, put.underlying, put.type) == ("EW3Z6 P5700", "/ES", InstrumentType.FUTURE_OPTION)
    assert put.underlying_id == future.id
    assert future.underlying_id is None


def test_a_futures_product_is_the_exchanges_and_not_tws_symbol() -> None:
    assert instrument_of(EURO, details(EURO), None).underlying == "/6E"


def test_a_share_class_is_written_as_at_other_brokers() -> None:
    berkshire = replace(AAPL, symbol="BRK B", local_symbol="BRK B")
    share = instrument_of(berkshire, None, None)
    option = replace(CALL, symbol="BRK B", local_symbol="BRKB  270115C00470000", trading_class="BRKB")
    assert (share.symbol, share.underlying) == ("BRK/B", "BRK/B")
    assert instrument_of(option, details(option, 72063691, "BRK B", "STK"), None).underlying == "BRK/B"


@pytest.mark.parametrize("text", ["", "0", "x", "1.7976931348623157E308", "-100"])
def test_an_option_or_future_without_multiplier_is_not_guessed_at(text: str) -> None:
    for terms in (CALL, ES, ES_PUT):
        with pytest.raises(RowError, match="multiplier"):
            instrument_of(replace(terms, multiplier=text), None, None)


def test_a_multiplier_that_only_the_details_know_is_taken_from_there() -> None:
    assert instrument_of(replace(CALL, multiplier=""), details(CALL), None).multiplier == 100


def test_a_multiplier_may_be_a_fraction_and_that_of_a_share_is_one() -> None:
    assert instrument_of(replace(ES, multiplier="0.01"), None, None).multiplier == Decimal("0.01")
    assert instrument_of(AAPL, None, None).multiplier == 1


def test_an_unknown_security_type_is_not_guessed_at() -> None:
    with pytest.raises(RowError, match="'ICS'"):
        instrument_of(replace(AAPL, sec_type="ICS"), None, None)


@pytest.mark.parametrize(
    ("sec_type", "kind"),
    [("STK", "equity"), ("CRYPTO", "cryptocurrency"), ("IND", "index"), ("BOND", "bond"), ("BILL", "bond"),
     ("FUND", "fund"), ("WAR", "warrant"), ("IOPT", "warrant"), ("CASH", "forex"), ("CFD", "other"),
     ("CMDTY", "other")],
)  # fmt: skip
def test_every_security_type_has_an_instrument_type(sec_type: str, kind: str) -> None:
    assert instrument_of(replace(AAPL, sec_type=sec_type), None, None).type.value == kind


@pytest.mark.parametrize("right", ["", "0", "?"])
def test_what_is_no_option_has_neither_right_nor_strike(right: str) -> None:
    share = instrument_of(replace(AAPL, right=right, strike="0.0"), None, None)
    assert (share.option_type, share.strike, share.expiration) == (None, None, None)


@pytest.mark.parametrize(("multiplier", "root"), [("10", "AAPL"), ("100", "AAPL1"), ("150", "AAPL1")])
def test_an_adjusted_option_says_so(multiplier: str, root: str) -> None:
    assert instrument_of(replace(CALL, multiplier=multiplier, trading_class=root), None, None).is_adjusted


def test_a_european_option_of_ten_shares_is_not_adjusted_and_keeps_its_own_name() -> None:
    terms = replace(CALL, symbol="ASML", currency="EUR", multiplier="10", local_symbol="C ASML 15JAN27 930")
    found = instrument_of(terms, None, None)
    assert (found.symbol, found.is_adjusted, found.currency) == ("C ASML 15JAN27 930", False, "EUR")


def test_an_option_whose_local_symbol_is_missing_gets_its_occ_symbol() -> None:
    assert symbol_of(replace(CALL, local_symbol="")) == "AAPL  270115C00250000"
    assert symbol_of(replace(CALL, local_symbol="", strike="12.375", right="P")) == "AAPL  270115P00012375"


def test_the_symbol_is_the_same_with_and_without_details() -> None:
    for terms in (AAPL, CALL, SPXW, ES, EURO, ES_PUT):
        bare = instrument_of(terms, None, None)
        told = instrument_of(terms, details(terms, 1, terms.symbol, "STK", "20270116"), None)
        assert bare.symbol == told.symbol
