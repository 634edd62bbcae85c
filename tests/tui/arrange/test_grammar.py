"""The filter's grammar: any text is understood or refused in words, and means what it says."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.tui.arrange.grammar import Field, Filter, FilterError, Kind, Value, parse
from cotrader_tui.tui.arrange.legs import FIELDS

_WORDS = st.sampled_from(
    [*FIELDS, "!", '"', ":", "<", ">", "<=", ">=", "=", " ", "-100", "5m", "short", "SPY", "21", "."]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(_WORDS, max_size=12).map("".join))


class Sample:
    """A row of plain values."""

    def __init__(self, *texts: str, **values: Value) -> None:
        self._texts, self._values = texts, values

    def value(self, key: str) -> Value:
        return self._values.get(key)

    def texts(self) -> Iterable[str]:
        return self._texts


SHORT_PUT = Sample(
    "SPY 260417P00500000",
    "SPY",
    "5WT00001 Margin",
    underlying="SPY",
    symbol="SPY 260417P00500000",
    type="equity_option",
    side="short",
    opt="put",
    dte=17.0,
    open=Decimal("-250.5"),
    age=90.0,
)


def holds(text: str, subject: Sample = SHORT_PUT) -> bool:
    return parse(text, FIELDS).holds(subject)


def understood(text: str) -> Filter | FilterError:
    try:
        return parse(text, FIELDS)
    except FilterError as error:
        return error


@given(TEXTS)
def test_any_text_is_understood_or_refused_with_the_column(text: str) -> None:
    found = understood(text)
    if isinstance(found, FilterError):
        assert 1 <= found.column <= len(text) + 1
        assert found.reason
        assert str(found) == f"Column {found.column}: {found.reason}"
    else:
        assert found.holds(SHORT_PUT) in (True, False)


@given(TEXTS)
def test_what_is_understood_can_be_written_and_means_the_same(text: str) -> None:
    found = understood(text)
    if isinstance(found, FilterError):
        return
    again = parse(found.words(), FIELDS)
    assert again.words() == found.words()
    assert again.holds(SHORT_PUT) == found.holds(SHORT_PUT)


@given(
    st.sampled_from(sorted(FIELDS)),
    st.sampled_from([":", "=", "<", ">", "<=", ">="]),
    st.sampled_from(["1", "1d", "put"]),
)
def test_what_is_unknown_meets_no_condition_and_no_negation(name: str, sign: str, value: str) -> None:
    for text in (f"{name}{sign}{value}", f"!{name}{sign}{value}"):
        found = understood(text)
        assert isinstance(found, FilterError) or not found.holds(Sample())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "spy",
        "margin",
        "und:SPY dte<21 side:short pnl<-100 !type:equity",
        "und:spy",
        "sym:260417P",
        "pnl<=-250.5 pnl>=-250.5 pnl=-250.5 pnl:-250.5",
        "type:option",
        "!und:QQQ",
        '"5WT00001 Mar"',
        "age>1m age<2m",
        "!tsla",
        "PNL<0",
        "dte<1,000 dte<1k",
    ],
)
def test_what_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text", ["qqq", "!spy", "und:SP", "dte>17", "dte<17", "side:long", "opt:call", "type:equity", "pnl>0", "spy qqq"]
)
def test_what_does_not_hold(text: str) -> None:
    assert not holds(text)


def test_a_share_is_no_call_but_has_no_strike_to_compare() -> None:
    share = Sample("KO", opt="", strike=None)
    assert holds("!opt:call", share)
    assert not holds("opt:call", share)
    assert not holds("strike>1", share)
    assert not holds("!strike>1", share)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("foo:1", 1, "There is no field foo here. Known are: und, "),
        ("spy foo:1", 5, "There is no field foo here."),
        ("dte<", 5, "A value is missing after dte<."),
        ("dte< 5", 5, "A value is missing after dte<."),
        ("dte<soon", 5, "soon is no number: write it as -100, 0.5 or 2.5k."),
        ("age>5", 5, "5 is no span of time: write it as 30s, 5m, 2h or 3d."),
        ("und<SPY", 5, "Text is not compared with <: use : or =."),
        ("side:up", 6, "up is not one of long, short."),
        (":SPY", 1, "The name of a field is missing before :."),
        ("a !", 3, "! negates what follows it, and nothing follows."),
        ("!!a", 2, "One ! is enough."),
        ('und:"SPY', 5, 'The closing " is missing.'),
        ('""', 1, "There is nothing between the quotes."),
        ('"a"b', 4, "A blank is missing before this."),
        ("dte<<5", 5, "A value is missing after dte<; quote it if it begins so."),
        ("x" * 201, 201, "A filter has at most 200 characters."),
    ],
)
def test_a_refusal_names_the_column_and_what_would_be_right(text: str, column: int, reason: str) -> None:
    with pytest.raises(FilterError) as refusal:
        parse(text, FIELDS)
    assert refusal.value.column == column
    assert refusal.value.reason.startswith(reason)


def test_privacy_masks_the_amounts_in_a_filter_and_nothing_else() -> None:
    found = parse("und:SPY !pnl<-100 dte<21 margin", FIELDS)
    assert found.words(is_private=True) == "und:SPY !pnl<••••• dte<21 margin"
    assert found.words() == "und:SPY !pnl<-100 dte<21 margin"


def test_values_that_are_not_finite_are_unknown() -> None:
    fields = {"x": Field("x", Kind.NUMBER)}
    for value in (float("nan"), float("inf"), Decimal("NaN")):
        assert not parse("x>0", fields).holds(Sample(x=value))
        assert not parse("!x>0", fields).holds(Sample(x=value))


def test_without_terms_there_is_no_filter() -> None:
    assert not Filter()
    assert not parse("  ", FIELDS)
    assert parse("a", FIELDS)
