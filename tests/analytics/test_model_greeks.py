"""Greeks by a model: when they stand in for the broker's, what they are, and when there are none either."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.analytics.exposure import exposures
from cotrader_tui.analytics.greeks import position_greeks
from cotrader_tui.analytics.model_greeks import RISK_FREE_RATE, GreeksModel, model_greeks
from cotrader_tui.domain.black_scholes import black_76, black_scholes_merton
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.market import Greeks, Market, Source, TradingSession
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from tests.builders import NOW, future, greeks, instrument, leg, option, position, share, snapshot

EXPIRES_AT = NOW + timedelta(days=73)
YEARS = 0.2
VOLATILITY = 0.31
LONG = timedelta(minutes=16)
FUTURE = future("/ESM6")


def call(strike: str = "250", kind: OptionType = OptionType.CALL) -> Instrument:
    return replace(option("AAPL", strike, kind), expires_at=EXPIRES_AT)


def on_future(strike: str = "5000", kind: OptionType = OptionType.PUT) -> Instrument:
    return replace(
        instrument(f"./ESM6 {kind}{strike}", InstrumentType.FUTURE_OPTION, underlying="/ES", multiplier="50"),
        underlying_id=FUTURE.id,
        option_type=kind,
        strike=Decimal(strike),
        expires_at=EXPIRES_AT,
    )


def priced(of: Instrument, price: str = "245", volatility: float = VOLATILITY) -> Leg:
    """A leg whose mark is the model's price at `volatility`."""
    assert of.option_type is not None
    assert of.strike is not None
    terms = (of.option_type, float(price), float(of.strike), YEARS, RISK_FREE_RATE)
    is_on_future = of.type is InstrumentType.FUTURE_OPTION
    value = black_76(*terms, volatility) if is_on_future else black_scholes_merton(*terms, 0.0, volatility)
    return leg(position(of), repr(value.price), underlying_price=price)


def marked(of: Instrument, mark: str | None, price: str | None = "245") -> Leg:
    return leg(position(of), mark, underlying_price=price)


def quoted(found: Leg, **changes: object) -> Leg:
    assert found.quote is not None
    return replace(found, quote=replace(found.quote, **changes))  # type: ignore[arg-type]


def on_underlying(found: Leg, **changes: object) -> Leg:
    assert found.underlying_quote is not None
    return replace(found, underlying_quote=replace(found.underlying_quote, **changes))  # type: ignore[arg-type]


# What they are


@pytest.mark.parametrize("kind", OptionType)
def test_an_option_on_a_share_is_valued_at_the_volatility_its_mark_implies(kind: OptionType) -> None:
    found = model_greeks(priced(call(kind=kind)))
    expected = black_scholes_merton(kind, 245.0, 250.0, YEARS, RISK_FREE_RATE, 0.0, VOLATILITY)
    assert found is not None
    assert found.iv == pytest.approx(VOLATILITY)
    sensitivities = (found.delta, found.gamma, found.theta, found.vega, found.rho)
    assert sensitivities == pytest.approx(
        (expected.delta, expected.gamma, expected.theta, expected.vega, expected.rho), rel=1e-6
    )
    assert (found.source, found.as_of, found.received_at) == (Source.MODEL, NOW, NOW)


def test_an_option_on_a_future_is_valued_on_its_own_future() -> None:
    found = model_greeks(priced(on_future(), "5100", 0.18))
    expected = black_76(OptionType.PUT, 5100.0, 5000.0, YEARS, RISK_FREE_RATE, 0.18)
    assert found is not None
    assert (found.delta, found.vega, found.rho) == pytest.approx((expected.delta, expected.vega, expected.rho))
    assert found.iv == pytest.approx(0.18)


def test_they_are_as_old_as_the_older_price() -> None:
    whole = priced(call())
    earlier = NOW - timedelta(minutes=2)
    for aged in (quoted(whole, received_at=earlier), on_underlying(whole, received_at=earlier)):
        found = model_greeks(aged)
        assert found is not None
        assert found.as_of == earlier


def test_without_an_instant_an_option_on_a_share_expires_at_four_in_new_york() -> None:
    dated = replace(call(), expires_at=None, expiration=date(2026, 4, 17))
    instant = datetime(2026, 4, 17, 16, tzinfo=EXCHANGE_ZONE)
    assert model_greeks(marked(dated, "9")) == model_greeks(marked(replace(dated, expires_at=instant), "9"))


@pytest.mark.parametrize("rate", [0.03, 0.05])
def test_little_hangs_on_the_rate(rate: float) -> None:
    """What is said of it: a point more or less moves the delta of a three-month option at the money by 0.01."""
    at_the_money = marked(replace(option("AAPL", "250"), expires_at=NOW + timedelta(days=91)), "13.6", "250")
    usual, other = model_greeks(at_the_money), model_greeks(at_the_money, rate)
    assert usual is not None
    assert other is not None
    assert other.delta == pytest.approx(usual.delta, abs=0.01)


# When there are none


CALL = call()
REFUSED = {
    "an adjusted option": marked(replace(CALL, is_adjusted=True), "9"),
    "another currency": marked(replace(CALL, currency="EUR"), "9"),
    "an index, whose forward is not known": replace(marked(CALL, "9"), underlying_type=InstrumentType.INDEX),
    "an unknown underlying": replace(marked(CALL, "9"), underlying_type=None),
    "an option on a future taken for one on a share": replace(
        marked(on_future(), "90", "5100"), underlying_type=InstrumentType.EQUITY
    ),
    "no quote": marked(CALL, None),
    "no mark": quoted(marked(CALL, "9"), mark=None),
    "no price of the underlying": marked(CALL, "9", None),
    "an underlying at 0": marked(CALL, "9", "0"),
    "a mark of 0": marked(CALL, "0"),
    "no strike": marked(replace(CALL, strike=None), "9"),
    "no type": marked(replace(CALL, option_type=None), "9"),
    "expired when it was marked": marked(replace(CALL, expires_at=NOW), "9"),
    "an option on a future without its instant": marked(
        replace(on_future(), expires_at=None, expiration=date(2026, 6, 19)), "90", "5100"
    ),
    "below what exercise is worth": marked(CALL, "9", "260"),
    "below what exercise at expiration is worth today": marked(CALL, "40.5", "290"),
    "more than the share": marked(CALL, "246"),
    "a market wider than its middle": quoted(marked(CALL, "9"), bid=Decimal(1), ask=Decimal("10.5")),
    "an option that is halted": quoted(marked(CALL, "9"), is_halted=True),
    "an underlying that is halted": on_underlying(marked(CALL, "9"), is_halted=True),
    "a mark of long before the underlying's price": quoted(marked(CALL, "9"), received_at=NOW - LONG),
    "a price of the underlying of long before the mark": on_underlying(marked(CALL, "9"), received_at=NOW - LONG),
    "a put worth no more than exercise at once": marked(call("300", OptionType.PUT), "55"),
    "a put that is held for less than its interest": marked(call("300", OptionType.PUT), "56.5"),
    "a share": leg(position(share()), "9"),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED.keys())
def test_there_are_none_for(refused: Leg) -> None:
    assert model_greeks(refused) is None


def test_a_put_in_the_money_with_time_value_has_them() -> None:
    found = model_greeks(marked(call("300", OptionType.PUT), "60"))
    assert found is not None
    assert found.delta is not None
    assert -1 < found.delta < -0.5


def _american(
    kind: OptionType, price: float, strike: float, years: float, carry: float, volatility: float
) -> tuple[float, float]:
    """Value and delta of an American option. Source: Cox, Ross and Rubinstein (1979), a tree of 200 steps."""
    steps = 200
    up = math.exp(volatility * math.sqrt(years / steps))
    chance = (math.exp(carry * years / steps) - 1 / up) / (up - 1 / up)
    discount, sign = math.exp(-RISK_FREE_RATE * years / steps), 1 if kind is OptionType.CALL else -1
    values = [max(0.0, sign * (price * up ** (2 * j - steps) - strike)) for j in range(steps + 1)]
    delta = 0.0
    for step in range(steps - 1, -1, -1):
        if step == 0:
            delta = (values[1] - values[0]) / (price * up - price / up)
        values = [
            max(
                sign * (price * up ** (2 * j - step) - strike),
                discount * (chance * values[j + 1] + (1 - chance) * values[j]),
            )
            for j in range(step + 1)
        ]
    return values[0], delta


def _americans() -> Iterator[tuple[Leg, float]]:
    """Puts on shares and options on futures, up to a year, marked at their American value; with its delta."""
    for days in (7, 30, 91, 365):
        for volatility in (0.15, 0.3, 0.6):
            for distance in (-1.5, -0.75, 0.0, 0.75, 1.5):
                strike = round(250 * math.exp(distance * volatility * math.sqrt(days / 365)))
                until = NOW + timedelta(days=days)
                put = replace(call(str(strike), OptionType.PUT), expires_at=until)
                value, delta = _american(OptionType.PUT, 250.0, strike, days / 365, RISK_FREE_RATE, volatility)
                yield marked(put, f"{value:.2f}", "250"), delta
                for kind in OptionType:
                    of = replace(on_future(str(strike), kind), expires_at=until)
                    value, delta = _american(kind, 250.0, strike, days / 365, 0.0, volatility)
                    yield marked(of, f"{value:.2f}", "250"), delta


def test_they_are_close_to_those_of_an_american_option_or_refused() -> None:
    """The premium of early exercise is not in the model: that is what "approximate" says."""
    errors = []
    for found, delta in _americans():
        modelled = model_greeks(found)
        if modelled is not None and modelled.delta is not None:
            errors.append(abs(modelled.delta - delta))
    assert len(errors) > 120
    assert max(errors) < 0.07
    assert sum(errors) / len(errors) < 0.01


# When they stand in


def new_york(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(date(2026, 3, day), time(hour, minute), EXCHANGE_ZONE).astimezone(UTC)


SESSIONS = (
    *(TradingSession(date(2026, 3, day), new_york(day, 9, 30), new_york(day, 16)) for day in (5, 6, 9, 10, 11)),
    *(
        TradingSession(date(2026, 3, day), new_york(day - 1, 18), new_york(day, 17), market=Market.FUTURES)
        for day in (5, 6, 9, 10, 11)
    ),
)


def at(found: Leg, mark_at: datetime, greeks_at: datetime | None) -> Leg:
    """The leg with both prices of `mark_at` and, if an instant is given, Greeks that came from the broker then."""
    assert found.underlying_quote is not None
    found = quoted(found, received_at=mark_at)
    assert found.underlying_quote is not None
    known = None if greeks_at is None else replace(greeks(found.position.instrument), received_at=greeks_at)
    return replace(found, greeks=known, underlying_quote=replace(found.underlying_quote, received_at=mark_at))


def filled(*legs: Leg, sessions: tuple[TradingSession, ...] = SESSIONS) -> PortfolioSnapshot:
    return GreeksModel().filled(replace(snapshot(*legs), sessions=sessions))


@pytest.mark.parametrize(
    ("mark_at", "greeks_at", "source"),
    [
        (new_york(10, 11), None, Source.MODEL),
        (new_york(10, 11), new_york(10, 10, 30), Source.STREAM),
        (new_york(10, 11), new_york(10, 10, 29), Source.MODEL),
        (new_york(8, 12), new_york(6, 15, 59), Source.STREAM),
        (new_york(8, 12), new_york(6, 15, 29), Source.MODEL),
        (new_york(9, 9, 45), new_york(6, 15, 46), Source.STREAM),
        (new_york(9, 10, 1), new_york(6, 15, 59), Source.MODEL),
        (new_york(10, 11), new_york(10, 12), Source.STREAM),
    ],
    ids=["none", "half an hour", "longer", "weekend", "weekend, old", "at the opening", "after it", "newer"],
)
def test_the_brokers_win_until_the_market_was_open_for_half_an_hour(
    mark_at: datetime, greeks_at: datetime | None, source: Source
) -> None:
    (found,) = filled(at(priced(CALL), mark_at, greeks_at)).legs
    assert found.greeks is not None
    assert found.greeks.source is source


def test_options_on_futures_go_by_the_hours_of_globex() -> None:
    sunday_evening, friday = new_york(8, 19), new_york(6, 16, 59)
    book = filled(
        at(priced(CALL), sunday_evening, friday), at(priced(on_future(), "5100", 0.18), sunday_evening, friday)
    )
    assert [each.greeks.source for each in book.legs if each.greeks] == [Source.STREAM, Source.MODEL]


def test_without_known_hours_the_brokers_win_for_a_day() -> None:
    day = timedelta(days=1)
    fresh, old = (at(priced(CALL), NOW, NOW - age) for age in (day, day + timedelta(minutes=1)))
    assert [each.greeks.source for each in filled(fresh, old, sessions=()).legs if each.greeks] == ["stream", "model"]


def test_where_the_model_has_none_either_the_brokers_old_ones_stay() -> None:
    old = at(marked(CALL, "9", "260"), NOW, NOW - timedelta(days=3))
    assert filled(old).legs == (old,)


def test_the_brokers_own_are_never_mended_with_the_models() -> None:
    half = replace(priced(CALL), greeks=greeks(CALL, theta=None))
    assert filled(half).legs == (half,)


def test_what_is_expired_is_unknown() -> None:
    (found,) = filled(priced(CALL)).legs
    assert position_greeks(found, EXPIRES_AT).delta is None


def test_a_book_without_gaps_is_left_as_it_is() -> None:
    whole = snapshot(leg(position(CALL), "9", greeks=greeks(CALL)), leg(position(share()), "245"))
    assert GreeksModel().filled(whole) is whole


def test_a_change_of_either_price_is_followed_and_nothing_else_is_solved_again() -> None:
    model, first = GreeksModel(), priced(CALL)
    assert first.underlying_quote is not None

    def greeks_of(found: Leg) -> Greeks | None:
        return model.filled(snapshot(found, found)).legs[1].greeks

    before = greeks_of(first)
    assert greeks_of(replace(first, position=position(CALL, "-3"))) is before
    moved = quoted(first, mark=Decimal(14))
    assert greeks_of(moved) == model_greeks(moved) != before
    higher = replace(moved, underlying_quote=replace(first.underlying_quote, mark=Decimal(246)))
    assert greeks_of(higher) == model_greeks(higher) != model_greeks(moved)


def test_a_leg_that_stayed_the_same_is_filled_as_the_same_leg() -> None:
    model, first = GreeksModel(), priced(CALL)
    (before,) = model.filled(snapshot(first)).legs
    assert model.filled(snapshot(first)).legs[0] is before
    again = model.filled(snapshot(replace(first, position=position(CALL, "-3")))).legs[0]
    assert again.position.quantity == -3
    assert again.greeks is before.greeks


# What is said of them


def test_sums_tell_how_many_legs_are_a_models() -> None:
    put = call("240", OptionType.PUT)
    book = filled(priced(CALL), leg(position(put), "7", greeks=greeks(put)), leg(position(share()), "245"))
    (row,) = exposures(book, NOW)
    assert (row.legs, row.legs_with_greeks, row.legs_with_model_greeks) == (3, 3, 1)
    assert [position_greeks(each, NOW).is_by_model for each in book.legs] == [True, False, False]
    without = exposures(filled(leg(position(put), "7", greeks=greeks(put))), NOW)[0]
    assert without.legs_with_model_greeks == 0
