"""Our figures of an account against its broker's: when they agree, when not, and which position it comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotrader_tui.analytics.pnl import day_total, market_value, open_pnl
from cotrader_tui.analytics.reconciliation import OLD, reconcile_account
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.changes import Reconciliation, StoredAccount
from cotrader_tui.domain.checks import Check, Figure, LandedAccount
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import Quote
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import DatedAmount, Holding, Position, PositionStatus
from cotrader_tui.domain.sync import SyncCounts
from tests.builders import (
    ACCOUNT,
    NOW,
    TODAY,
    balances,
    coin,
    future,
    instrument,
    leg,
    option,
    position,
    quote,
    share,
)

NET_LIQ, OPEN, DAY, COUNT = Figure
APPLE, CALL = share("AAPL"), option("AAPL", "250")
EXPIRED = replace(option("TSLA", "320"), expiration=TODAY - timedelta(days=1))
SHARES = position(APPLE, "100", "210", previous_close="228")
SHORT_CALLS = position(CALL, "-2", "6.20", previous_close="5.00")
MARKS = {APPLE: "231.40", CALL: "5.10"}
WORTH = Decimal("23140") - Decimal("1020")


def told(
    *, net_liq: str | None = "26120", cash: str | None = "4000", count: int | None = 2, **others: object
) -> Balances:
    """Cash of 4,000 beside shares of 23,140 and calls of −1,020."""
    return replace(balances(net_liq, cash), position_count=count, **others)  # type: ignore[arg-type]


def row_of(
    held: Position, value: str | None = None, open_pnl: str | None = None, day_pnl: str | None = None
) -> Holding:
    """What the broker lists of a position, with its own figures of it."""
    figures = [None if each is None else Decimal(each) for each in (value, open_pnl, day_pnl)]
    return Holding(
        held.instrument,
        held.quantity,
        held.average_open_price,
        held.previous_close,
        broker_value=figures[0],
        broker_open_pnl=figures[1],
        broker_day_pnl=figures[2],
    )


def landed(
    *held: Position,
    said: Balances | None = None,
    rows: Sequence[Holding] | None = None,
    quotes: Sequence[Quote] | None = None,
    kept: Sequence[Position] = (),
    closed: Sequence[Position] = (),
    unread: Sequence[str | None] = (),
) -> LandedAccount:
    """An account whose answer repeats `held`, leaves `kept` in doubt and could not be read about `unread`."""
    marks = quotes if quotes is not None else [quote(each, mark) for each, mark in MARKS.items()]
    stored = StoredAccount((*held, *kept), {each.instrument.id: each for each in closed}, {})
    changes = Reconciliation((), {each.instrument.id: each for each in held}, tuple(kept), SyncCounts(), ())
    listed = tuple(rows if rows is not None else map(row_of, held))
    return LandedAccount(ACCOUNT, stored, changes, listed, tuple(marks), said or told(), tuple(unread), NOW)


def checked(account: LandedAccount) -> dict[Figure, Check]:
    return {check.figure: check for check in reconcile_account(account)}


def test_what_adds_up_agrees_in_every_figure() -> None:
    said = told(open_pnl=Decimal("2360"), day_pnl=Decimal("320"))
    checks = checked(landed(SHARES, SHORT_CALLS, said=said))
    assert list(checks) == list(Figure)
    assert {figure: check.ours for figure, check in checks.items()} == {
        NET_LIQ: Decimal("26120"), OPEN: Decimal("2360"), DAY: Decimal("320"), COUNT: Decimal(2),
    }  # fmt: skip
    assert all(check.agrees and check.position_symbol is None for check in checks.values())


def test_what_the_broker_does_not_give_is_not_compared() -> None:
    checks = checked(landed(SHARES, SHORT_CALLS, said=told(net_liq=None, count=None)))
    assert {check.agrees for check in checks.values()} == {None}
    assert (checks[OPEN].ours, checks[OPEN].brokers) == (Decimal("2360"), None)


@pytest.mark.parametrize(
    ("net_liq", "off", "agrees"),
    [
        ("100000", "100", True),  # a thousandth of the net liquidating value
        ("100000", "100.01", False),
        ("50", "0.10", True),  # 0.05 for each of the two positions
        ("50", "0.11", False),
    ],
)
def test_money_may_differ_by_a_thousandth_or_by_five_cents_a_position(net_liq: str, off: str, agrees: bool) -> None:
    cash = str(Decimal(net_liq) - WORTH + Decimal(off))
    check = checked(landed(SHARES, SHORT_CALLS, said=told(net_liq=net_liq, cash=cash)))[NET_LIQ]
    assert (check.difference, check.agrees) == (Decimal(off), agrees)


@pytest.mark.parametrize(("age", "agrees"), [(OLD, False), (OLD + timedelta(seconds=1), True)])
def test_an_old_net_liquidating_value_may_differ_by_more(age: timedelta, agrees: bool) -> None:
    said = replace(told(net_liq="100000", cash=str(Decimal("100900") - WORTH)), received_at=NOW - age)
    assert checked(landed(SHARES, SHORT_CALLS, said=said))[NET_LIQ].agrees is agrees


def test_pnl_has_no_more_room_however_old_the_balances_are() -> None:
    said = replace(told(open_pnl=Decimal("2160")), received_at=NOW - timedelta(minutes=3))
    assert checked(landed(SHARES, SHORT_CALLS, said=said))[OPEN].agrees is False


def test_accrued_interest_and_dividends_count() -> None:
    said = told(net_liq="26420", accrued=Decimal(300))
    assert checked(landed(SHARES, SHORT_CALLS, said=said))[NET_LIQ].difference == 0


# Which position it comes from


def test_the_position_whose_own_figure_differs_is_named() -> None:
    rows = [row_of(SHARES, "23140", "2140", "340"), row_of(SHORT_CALLS, "-980", "260", "20")]
    said = told(net_liq="26160", open_pnl=Decimal("2400"), day_pnl=Decimal("360"))
    checks = checked(landed(SHARES, SHORT_CALLS, said=said, rows=rows))
    for figure in (NET_LIQ, OPEN, DAY):
        found = checks[figure]
        assert (found.difference, found.agrees) == (Decimal(-40), False)
        assert (found.position_symbol, found.position_difference) == (CALL.symbol, Decimal(-40))


def test_of_several_the_one_that_differs_most_is_named_with_its_part() -> None:
    rows = [row_of(SHARES, "23100"), row_of(SHORT_CALLS, "-1080")]
    check = checked(landed(SHARES, SHORT_CALLS, said=told(net_liq="26020"), rows=rows))[NET_LIQ]
    assert (check.difference, check.position_symbol, check.position_difference) == (
        Decimal(100),
        CALL.symbol,
        Decimal(60),
    )


@pytest.mark.parametrize("values", [("23140", "-1020"), ("23139", "-1019"), (None, None), ("23240", "-1020")])
def test_a_difference_that_no_position_explains_is_of_no_single_one(values: tuple[str | None, str | None]) -> None:
    rows = [row_of(SHARES, values[0]), row_of(SHORT_CALLS, values[1])]
    check = checked(landed(SHARES, SHORT_CALLS, said=told(net_liq="26020"), rows=rows))[NET_LIQ]
    assert (check.agrees, check.position_symbol, check.position_difference) == (False, None, None)


def test_the_only_row_that_could_not_be_read_is_where_the_rest_comes_from() -> None:
    account = landed(SHARES, SHORT_CALLS, said=told(net_liq="26620", count=3), unread=["XYZ"])
    checks = checked(account)
    assert (checks[NET_LIQ].position_symbol, checks[NET_LIQ].position_difference) == ("XYZ", Decimal(-500))
    assert (checks[COUNT].difference, checks[COUNT].position_symbol) == (Decimal(-1), "XYZ")


@pytest.mark.parametrize("unread", [["XYZ", "ABC"], [None], ["XYZ", None]])
def test_of_several_rows_that_could_not_be_read_none_is_named(unread: list[str | None]) -> None:
    said = told(net_liq="26620", count=2 + len(unread))
    checks = checked(landed(SHARES, SHORT_CALLS, said=said, unread=unread))
    assert {checks[NET_LIQ].position_symbol, checks[COUNT].position_symbol} == {None}
    assert checks[COUNT].agrees is False


def test_a_position_the_answer_left_in_doubt_is_counted_and_named() -> None:
    checks = checked(landed(SHARES, kept=[SHORT_CALLS], said=told(net_liq="27140", count=1)))
    assert (checks[COUNT].difference, checks[COUNT].position_symbol) == (Decimal(1), CALL.symbol)
    assert (checks[NET_LIQ].ours, checks[NET_LIQ].position_symbol) == (Decimal(26120), CALL.symbol)


def test_a_row_that_could_not_be_read_of_a_position_that_is_kept_is_counted_once() -> None:
    account = landed(SHARES, kept=[SHORT_CALLS], unread=[CALL.symbol], said=told(count=2))
    assert checked(account)[COUNT].agrees is True


def test_an_account_suspected_to_be_empty_still_has_its_positions() -> None:
    account = landed(said=told(count=0), rows=())
    changes = replace(account.changes, is_suspected_empty=True)
    stored = replace(account.stored, open=(SHARES, SHORT_CALLS))
    check = checked(replace(account, stored=stored, changes=changes))[COUNT]
    assert (check.ours, check.agrees, check.position_symbol) == (Decimal(2), False, None)


# What makes ours unknown


def test_a_mark_that_is_missing_makes_every_sum_of_money_unknown_and_names_the_position() -> None:
    checks = checked(landed(SHARES, SHORT_CALLS, quotes=[quote(APPLE, "231.40")]))
    for figure in (NET_LIQ, OPEN, DAY):
        assert (checks[figure].ours, checks[figure].agrees) == (None, None)
        assert (checks[figure].position_symbol, checks[figure].position_difference) == (CALL.symbol, None)
    assert checks[COUNT].agrees is True


def test_the_last_mark_known_stands_in_for_one_that_did_not_come() -> None:
    account = landed(SHARES, SHORT_CALLS, quotes=[quote(APPLE, "231.40"), quote(CALL, None)])
    account = replace(account, stored=replace(account.stored, marks={CALL.id: Decimal("5.10")}))
    assert checked(account)[NET_LIQ].difference == 0


def test_an_average_open_price_that_is_missing_makes_only_open_pnl_unknown() -> None:
    unpriced = replace(SHARES, average_open_price=None)
    checks = checked(landed(unpriced, SHORT_CALLS))
    assert [checks[figure].ours is None for figure in Figure] == [False, True, False, False]
    assert checks[OPEN].position_symbol == "AAPL"


def test_without_the_brokers_cash_ours_is_unknown_and_of_no_position() -> None:
    check = checked(landed(SHARES, said=told(cash=None)))[NET_LIQ]
    assert (check.ours, check.brokers, check.position_symbol) == (None, Decimal(26120), None)


def test_another_currency_is_converted_at_the_accounts_own_rate_or_unknown() -> None:
    sap = position(share("SAP", currency="EUR"), "25", "200", previous_close="240")
    marks = [quote(sap.instrument, "243.1")]
    said = told(net_liq="11110.68", cash="4000", count=1, open_pnl=Decimal("1260.68"), day_pnl=Decimal("90.68"))
    known = checked(landed(sap, said=replace(said, exchange_rates={"EUR": Decimal("1.17")}), quotes=marks))
    assert [known[figure].agrees for figure in Figure] == [True] * 4
    assert known[NET_LIQ].ours == 4000 + Decimal("243.1") * 25 * Decimal("1.17")
    unknown = checked(landed(sap, said=said, quotes=marks))
    assert [unknown[figure].ours for figure in (NET_LIQ, OPEN, DAY)] == [None] * 3
    assert unknown[OPEN].position_symbol == "SAP"


def test_an_instrument_of_which_nobody_knows_how_it_counts_makes_the_net_liquidating_value_unknown() -> None:
    other = position(instrument("CFD", InstrumentType.OTHER), "10", "5", previous_close="5")
    checks = checked(landed(other, said=told(count=1), quotes=[quote(other.instrument, "6")]))
    assert (checks[NET_LIQ].ours, checks[NET_LIQ].position_symbol, checks[OPEN].ours) == (None, "CFD", Decimal(10))


# Futures


FUTURE = position(future(), "2", "6700", previous_close="6730")
FUTURE_MARK = quote(FUTURE.instrument, "6740")


@pytest.mark.parametrize(
    ("net_liq", "in_cash", "agrees"),
    [("4000", True, True), ("5000", True, False), ("5000", False, True), ("3000", False, True), ("5010", False, False)],
)
def test_futures_add_no_notional_and_their_day_may_or_may_not_be_in_cash(
    net_liq: str, in_cash: bool, agrees: bool
) -> None:
    said = told(net_liq=net_liq, cash="4000", count=1, has_futures_gain_in_cash=in_cash)
    check = checked(landed(FUTURE, said=said, quotes=[FUTURE_MARK]))[NET_LIQ]
    assert (check.ours, check.agrees) == (Decimal(4000), agrees)


def test_a_future_of_unknown_gain_makes_the_net_liquidating_value_unknown_unless_that_is_in_cash() -> None:
    unsettled = replace(FUTURE, previous_close=None)
    for in_cash, ours in ((False, None), (True, Decimal(4000))):
        said = told(net_liq="4000", cash="4000", count=1, has_futures_gain_in_cash=in_cash)
        assert checked(landed(unsettled, said=said, quotes=[FUTURE_MARK]))[NET_LIQ].ours == ours


def test_a_future_that_closed_for_nobody_knows_what_makes_the_net_liquidating_value_unknown() -> None:
    closed = replace(FUTURE, status=PositionStatus.CLOSED, quantity=Decimal(0), closed_at=NOW)
    check = checked(landed(said=told(net_liq="4000", cash="4000", count=0), closed=[closed]))[NET_LIQ]
    assert (check.ours, check.position_symbol) == (None, "/ESM6")


# Days


def test_what_was_left_in_doubt_since_yesterday_has_no_day_of_today() -> None:
    since = {"last_synced_at": NOW - timedelta(days=1)}
    for old in (replace(SHORT_CALLS, **since), replace(SHORT_CALLS, day_base=Decimal(5), previous_close=None, **since)):  # type: ignore[arg-type]
        check = checked(landed(SHARES, kept=[old]))[DAY]
        assert (check.ours, check.position_symbol) == (None, CALL.symbol)


def test_an_option_that_expired_before_today_and_is_only_cleared_away_adds_nothing_to_the_day() -> None:
    gone = {"status": PositionStatus.CLOSED, "quantity": Decimal(0), "closed_at": NOW}
    assert checked(landed(SHARES, closed=[replace(position(EXPIRED), **gone)]))[DAY].ours == 340  # type: ignore[arg-type]
    assert checked(landed(SHARES, closed=[replace(position(CALL), **gone)]))[DAY].ours is None  # type: ignore[arg-type]


# The same figures as everywhere else


AMOUNTS = st.decimals("-50000", "50000", places=6)
PRICES = st.one_of(st.none(), st.decimals("0", "9000", places=5))
DAYS = st.sampled_from([timedelta(), timedelta(hours=3), timedelta(days=1), timedelta(days=9)])
KINDS = [APPLE, CALL, coin(), future(), option("SPX", "6000"), EXPIRED, share("SAP", currency="EUR")]


@st.composite
def positions(draw: st.DrawFn, of: Instrument) -> tuple[Position, Quote | None]:
    gain = draw(st.one_of(st.none(), AMOUNTS))
    held = replace(
        position(of, draw(AMOUNTS), draw(PRICES), opened_at=NOW - draw(DAYS)),
        previous_close=draw(PRICES),
        day_base=draw(PRICES),
        realized_day_gain=None if gain is None else DatedAmount(gain, TODAY - draw(DAYS)),
    )
    mark = draw(PRICES)
    priced = None if mark is None else replace(quote(of, mark), previous_close=draw(PRICES))
    return held, None if priced is None else replace(priced, received_at=NOW - draw(DAYS))


@settings(deadline=None)
@given(st.data())
def test_ours_are_the_figures_of_the_screen(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(KINDS), unique_by=lambda each: each.id))
    drawn = [(*data.draw(positions(each)), data.draw(st.sampled_from(["held", "kept", "closed"]))) for each in kinds]
    held = [each for each, _, what in drawn if what == "held"]
    kept = [replace(each, last_synced_at=NOW - data.draw(DAYS)) for each, _, what in drawn if what == "kept"]
    closed = [
        replace(each, status=PositionStatus.CLOSED, quantity=Decimal(0), closed_at=NOW - data.draw(DAYS))
        for each, _, what in drawn
        if what == "closed"
    ]
    marks = [priced for _, priced, _ in drawn if priced is not None]
    said = told(cash="0", exchange_rates={"EUR": Decimal("1.25")}, has_futures_gain_in_cash=True)
    checks = checked(landed(*held, kept=kept, said=said, quotes=marks, closed=closed))

    by_id = {each.instrument: each for each in marks}
    legs = [replace(leg(each), quote=by_id.get(each.instrument.id)) for each in (*held, *kept)]
    gone = [leg(each) for each in closed]
    counted = [each for each in legs if each.position.instrument.type is not InstrumentType.FUTURE]
    assert checks[NET_LIQ].ours == _whole(counted, [], lambda part, _: PartialSum.over(map(market_value, part)))
    assert checks[OPEN].ours == _whole(legs, [], lambda part, _: PartialSum.over(map(open_pnl, part)))
    assert checks[DAY].ours == _whole(legs, gone, lambda part, closed: day_total(part, closed, TODAY))


def _whole(
    legs: Sequence[Leg], gone: Sequence[Leg], add_up: Callable[[Sequence[Leg], Sequence[Leg]], PartialSum]
) -> Decimal | None:
    """The sums in dollars and in euro at 1.25 together; unknown if a part of them is."""
    found = []
    for currency, rate in (("USD", Decimal(1)), ("EUR", Decimal("1.25"))):
        part, closed = (
            [each for each in some if each.position.instrument.currency == currency] for some in (legs, gone)
        )
        amount = add_up(part, closed)
        if not amount.is_complete or amount.value is None:
            return None
        found.append(amount.value * rate)
    return sum(found, Decimal(0))
