"""The table of formulas: its texts, worked out from its inputs, give what the program shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cotrader_tui.analytics.exposure import exposures, only_underlying
from cotrader_tui.analytics.formula import Formula, Input, Value
from cotrader_tui.analytics.position_formulas import LEG_FORMULAS, LegFormula, applies, unknown_inputs, zero_divisor
from cotrader_tui.analytics.total_formulas import ACCOUNT_FORMULAS, UNDERLYING_FORMULAS, AccountInBook
from cotrader_tui.commands.rows import account_row, position_row
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Account, AccountBook, Leg
from cotrader_tui.domain.positions import DatedAmount, Entry
from tests import builders
from tests.builders import ACCOUNT, BROKER, NOW, TODAY

_ALLOWED = re.compile(r"(v\d+|\d+|abs|max|[\s()+*/,-])+")


def worked_out(formula: Formula[Any], inputs: Iterable[Input]) -> Fraction | int | None:
    """The formula's own text as arithmetic over its inputs; `None` where one is unknown, or a divisor is 0."""
    inputs = tuple(inputs)
    if formula.is_sum:
        if formula.is_whole and any(each.value is None for each in inputs):
            return None
        known = [number(each.value) for each in inputs if each.value is not None]
        return sum(known, Fraction(0)) if known or not inputs else None
    if any(each.value is None for each in inputs):
        return None
    names = {id(each): f"v{place}" for place, each in enumerate(inputs)}
    text = formula.put_in(inputs, lambda each: names[id(each)])
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = text.replace("×", "*").replace("÷", "/").replace("−", "-")
    assert _ALLOWED.fullmatch(text), text
    assert all(name in text for name in names.values()), text
    values = {names[id(each)]: number(each.value) for each in inputs}
    try:
        found = eval(text, {"__builtins__": {}, "abs": abs, "max": max}, values)
    except ZeroDivisionError:
        return None
    return found.days if isinstance(found, timedelta) else found


def number(value: Value) -> Any:  # noqa: ANN401 - a fraction, or a date
    return value if isinstance(value, date) or value is None else Fraction(value)


def agrees(shown: Value, expected: Fraction | int | None) -> bool:
    if shown is None or expected is None:
        return shown is None and expected is None
    return float(Fraction(shown)) == pytest.approx(float(expected), rel=1e-12, abs=1e-12)  # type: ignore[arg-type]


def entry_of(leg: Leg) -> Leg:
    instrument = leg.position.instrument
    told = builders.greeks(instrument, 0.31, 0.017, -0.052, 0.19, 0.331)
    return replace(leg, position=replace(leg.position, entry=Entry(told, Decimal("225.5"), NOW - timedelta(days=4))))


def quoted(leg: Leg, **prices: Decimal) -> Leg:
    assert leg.quote is not None
    return replace(leg, quote=replace(leg.quote, **prices))  # type: ignore[arg-type]


CALL = builders.option("AAPL", "245")
PUT = builders.option("SPY", "512.5", OptionType.PUT)
SHORT_CALL = entry_of(
    quoted(
        builders.leg(
            builders.position(CALL, "-3", "4.85", previous_close="3.42"),
            "3.10",
            greeks=builders.greeks(CALL, 0.2412, 0.0131, -0.0871, 0.2211, 0.274),
            underlying_price="228.14",
        ),
        bid=Decimal("3.05"),
        ask=Decimal("3.15"),
    )
)
LONG_PUT = builders.leg(
    builders.position(PUT, "2", "11.25", previous_close="12.05"),
    "14.70",
    greeks=builders.greeks(PUT, -0.61, None, -0.12, 0.4, 0.19),
    underlying_price="501.22",
)
REALIZED = replace(
    LONG_PUT,
    position=replace(LONG_PUT.position, realized_day_gain=DatedAmount(Decimal("-37.5"), TODAY)),
)
OPENED_TODAY = builders.leg(builders.position(builders.share("KO"), "310", "58.11", opened_at=NOW), "58.40")
OF_THE_BROKER = replace(SHORT_CALL, position=replace(SHORT_CALL.position, day_base=Decimal("3.8875")))
COIN = builders.leg(builders.position(builders.coin(), "0.48130257", "61250.4", previous_close="69844.91"), "70311.28")
FUTURE = builders.leg(builders.position(builders.future(), "-1", "6702.25", previous_close="6744.75"), "6731.50")
FREE = builders.leg(builders.position(builders.share("WDGT"), "12", "0", previous_close="0"), "4.10")
BARE = builders.leg(builders.position(CALL, "1", None))
ADJUSTED = replace(
    SHORT_CALL,
    position=replace(SHORT_CALL.position, instrument=replace(CALL, is_adjusted=True)),
)
ON_NOTHING = replace(
    SHORT_CALL,
    position=replace(SHORT_CALL.position, instrument=replace(CALL, underlying_id=None)),
    underlying_quote=None,
)
EXPIRED = replace(
    SHORT_CALL, position=replace(SHORT_CALL.position, instrument=replace(CALL, expiration=TODAY - timedelta(days=1)))
)
LEGS = {
    "short call": SHORT_CALL,
    "long put": LONG_PUT,
    "realized today": REALIZED,
    "opened today": OPENED_TODAY,
    "the broker's base": OF_THE_BROKER,
    "coin": COIN,
    "future": FUTURE,
    "free of cost": FREE,
    "nothing known": BARE,
    "adjusted": ADJUSTED,
    "on nothing known": ON_NOTHING,
    "expired": EXPIRED,
}


@pytest.mark.parametrize("leg", LEGS.values(), ids=LEGS)
@pytest.mark.parametrize("formula", LEG_FORMULAS.values(), ids=LEG_FORMULAS)
def test_the_text_worked_out_from_its_inputs_is_what_is_shown(formula: LegFormula, leg: Leg) -> None:
    if not applies(formula, leg, NOW):
        return
    shown, inputs = formula.result(leg, NOW), formula.inputs(leg, NOW)
    assert agrees(shown, worked_out(formula, inputs)), (shown, formula.text, inputs)


@pytest.mark.parametrize("formula", LEG_FORMULAS.values(), ids=LEG_FORMULAS)
def test_every_formula_has_a_figure_among_the_legs(formula: LegFormula) -> None:
    known = [leg for leg in LEGS.values() if applies(formula, leg, NOW) and formula.result(leg, NOW) is not None]
    assert known


@pytest.mark.parametrize("leg", LEGS.values(), ids=LEGS)
@pytest.mark.parametrize("formula", LEG_FORMULAS.values(), ids=LEG_FORMULAS)
def test_an_unknown_figure_names_its_reason(formula: LegFormula, leg: Leg) -> None:
    is_unknown = applies(formula, leg, NOW) and formula.result(leg, NOW) is None
    assert is_unknown == (
        applies(formula, leg, NOW) and (bool(unknown_inputs(formula, leg, NOW)) or zero_divisor(formula, leg, NOW))
    )


@pytest.mark.parametrize("leg", LEGS.values(), ids=LEGS)
def test_ids_are_the_keys_of_the_json_and_mean_the_same_there(leg: Leg) -> None:
    row = position_row(leg, NOW)
    for id_, formula in LEG_FORMULAS.items():
        if id_ in row and applies(formula, leg, NOW):
            assert row[id_] == formula.result(leg, NOW), id_


def test_every_figure_of_a_position_in_the_json_has_its_formula() -> None:
    figures = {key for key, value in position_row(SHORT_CALL, NOW).items() if isinstance(value, (Decimal, float, int))}
    assert figures - {"multiplier", "is_halted"} <= LEG_FORMULAS.keys()


def test_the_inputs_tell_their_source_and_time() -> None:
    told = {each.name: each for each in LEG_FORMULAS["day_pnl"].inputs(SHORT_CALL, NOW)}
    assert (told["mark"].source, told["mark"].at) == ("broker", NOW)
    assert told["day base"].source == "previous close"
    assert not told["day base"].is_amount
    opened = {each.name: each for each in LEG_FORMULAS["day_pnl"].inputs(OPENED_TODAY, NOW)}
    assert opened["day base"].source == "average open price: opened today"
    assert opened["day base"].is_amount
    (per_unit, *_) = LEG_FORMULAS["delta"].inputs(SHORT_CALL, NOW)
    assert (per_unit.source, per_unit.at) == ("stream", NOW - timedelta(minutes=1))


def test_the_reason_is_looked_for_at_the_root() -> None:
    (reason,) = unknown_inputs(LEG_FORMULAS["day_pnl_percent"], builders.leg(BARE.position, "2"), NOW)
    assert (reason.name, reason.source) == ("day base", "no previous close is known")
    (quote,) = unknown_inputs(
        LEG_FORMULAS["open_pnl_percent"], replace(BARE, position=builders.position(CALL, "1", "2")), NOW
    )
    assert (quote.name, quote.source) == ("mark", "no quote has arrived")


def test_an_option_on_nothing_known_has_no_exposure_at_its_own_price() -> None:
    assert LEG_FORMULAS["delta_dollars"].result(ON_NOTHING, NOW) is None


IRA = AccountId(BROKER, "5WT00002")
BOOK = builders.snapshot(
    SHORT_CALL,
    replace(builders.leg(builders.position(builders.share(), "200", "211.37", previous_close="227"), "228.14")),
    builders.leg(builders.position(builders.share(), "35", "230.90", account=IRA), None),
    COIN,
    closed_today=(
        replace(
            REALIZED,
            position=replace(
                REALIZED.position,
                instrument=builders.option("AAPL", "200", OptionType.PUT),
                closed_at=NOW,
                quantity=Decimal(0),
            ),
        ),
    ),
)


@pytest.mark.parametrize("formula", UNDERLYING_FORMULAS.values(), ids=UNDERLYING_FORMULAS)
@pytest.mark.parametrize("name", ["AAPL", "BTC/USD"])
def test_an_underlyings_figures_are_the_sums_they_say(name: str, formula: Formula[Any]) -> None:
    part = only_underlying(BOOK, name, "USD")
    assert agrees(formula.result(part, NOW), worked_out(formula, formula.inputs(part, NOW)))


def test_an_underlyings_ids_are_the_names_of_its_figures() -> None:
    part = only_underlying(BOOK, "AAPL", "USD")
    (exposure,) = exposures(part, NOW)
    for id_, formula in UNDERLYING_FORMULAS.items():
        figure = getattr(exposure, id_)
        assert formula.result(part, NOW) == getattr(figure, "value", figure), id_


def in_euro() -> AccountInBook:
    """An account in EUR that holds dollars, at its broker's rate."""
    balances = replace(builders.balances(), currency="EUR", exchange_rates={"USD": Decimal("0.9125")})
    book = AccountBook(Account(ACCOUNT, "Margin", "EUR"), BROKER, balances, NOW)
    return AccountInBook(ACCOUNT, replace(BOOK, accounts=(book,)))


@pytest.mark.parametrize("formula", ACCOUNT_FORMULAS.values(), ids=ACCOUNT_FORMULAS)
@pytest.mark.parametrize("of", [AccountInBook(ACCOUNT, BOOK), AccountInBook(IRA, BOOK), in_euro()])
def test_an_accounts_figures_are_what_they_say(of: AccountInBook, formula: Formula[Any]) -> None:
    assert agrees(formula.result(of, NOW), worked_out(formula, formula.inputs(of, NOW)))
    pnl = of.pnl(NOW)
    assert of.book is not None
    assert pnl is not None
    assert account_row(of.book, pnl)[formula.id] == formula.result(of, NOW)


def test_a_converted_part_names_its_rate() -> None:
    (part, *_) = ACCOUNT_FORMULAS["open_pnl"].inputs(in_euro(), NOW)
    assert "1 USD = 0.9125 EUR" in part.source


def test_a_bond_has_no_greeks_and_that_is_not_unknown() -> None:
    bond = builders.leg(builders.position(builders.instrument("BOND", InstrumentType.BOND)), "99")
    assert not applies(LEG_FORMULAS["delta"], bond, NOW)
    assert not applies(LEG_FORMULAS["strike"], bond, NOW)
