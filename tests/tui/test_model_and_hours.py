"""What the screen says of a model's Greeks, and of marks by the hours of their own market."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.analytics.model_greeks import GreeksModel
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.instruments import InstrumentType
from cotrader_tui.domain.market import Market, Source, TradingSession
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.positions import Holding
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.book import Book
from cotrader_tui.tui.present.detail import figure_lines, greek_lines
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.header import HeaderFacts, header_lines
from cotrader_tui.tui.present.text import Line
from tests.builders import NOW, coin, decimal, future, leg, option, position, quote, share, snapshot
from tests.commands.books import answer, sync
from tests.tui.book import Watch, book, held, legs, make_app, numbered, settled, shown, table_of, text_of, texts
from tests.tui.test_details import until

CALL = option("AAPL", "245")


def modelled() -> PortfolioSnapshot:
    """The book in which the one leg without Greeks has a model's."""
    filled = GreeksModel().filled(book())
    assert sum(each.greeks is not None and each.greeks.source is Source.MODEL for each in filled.legs) == 1
    return filled


# The model


async def test_a_models_greeks_are_marked_in_their_row_and_in_every_sum() -> None:
    async with shown(modelled(), size=(200, 50)) as pilot:
        row = table_of(pilot).model.index("9")
        columns = [column.key for column in table_of(pilot).visible_columns]
        cells = dict(zip(columns, texts(pilot, row), strict=True))
        assert all(cells[key].strip().endswith("m") for key in ("delta", "gamma", "theta", "vega", "iv")), cells
        others = [text for at in range(len(legs())) if at != row for text in texts(pilot, at)]
        assert not any(re.search(r"\dm$", text.strip()) for text in others)
        assert "Totals (9 of 9 legs have Greeks, 1 by model, open 8/9, day 8/9)" in text_of(pilot)
        assert re.search(r"Θ/day [+-][\d.,]+m", text_of(pilot))
        await pilot.press("2")
        await settled(pilot)
        tesla = next(line for line in text_of(pilot).splitlines() if "TSLA" in line)
        assert "1/1 1m" in tesla
        assert re.search(r"[+-][\d.,]+m ", tesla)
        totals = next(line for line in text_of(pilot).splitlines() if "legs have Greeks, 1 by model" in line)
        assert "9/9 1m" in totals


async def test_without_a_models_part_nothing_is_marked() -> None:
    async with shown(book(), size=(200, 50)) as pilot:
        assert "by model" not in text_of(pilot)
        assert not re.search(r"Θ/day [+-][\d.,]+m", text_of(pilot))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A synced book of one option of which the broker sends no Greeks."""
    path = tmp_path / "book.db"
    told = answer(
        Holding(CALL, Decimal(2), decimal("4.85")), quotes=[quote(CALL, "3.10"), quote(share("AAPL"), "228.14")]
    )
    sync(path, replace(told, underlyings=(share("AAPL"),)))
    return path


@pytest.mark.parametrize(("has_model", "words"), [(True, "1 of 1 legs have Greeks, 1 by model"), (False, "0 of 1")])
async def test_the_model_can_be_switched_off(database: Path, has_model: bool, words: str) -> None:
    options = ScreenOptions(has_model_greeks=has_model)
    async with make_app(database=database, options=options).run_test(size=(140, 40)) as pilot:
        await until(pilot, words)


def words_of(lines: tuple[Line, ...]) -> str:
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def test_the_detail_tells_how_the_model_came_to_them() -> None:
    (filled,) = GreeksModel().filled(snapshot(held(CALL, "-2", "4.85", "3.10", underlying="228.14"))).legs
    words = words_of(greek_lines(filled, NOW + timedelta(seconds=9), Figures()))
    assert "Now: model, 9s ago; the broker's are missing or outdated. Approximate." in words
    assert "Black-Scholes, no dividends, from the mark 3.10, the underlying at 228.14, 4% a year;" in words


def test_the_detail_names_the_model_for_options_on_futures() -> None:
    kind = InstrumentType.FUTURE_OPTION
    of = replace(CALL, type=kind, underlying_id=future().id, expires_at=NOW + timedelta(days=30))
    (filled,) = GreeksModel().filled(snapshot(held(of, "1", "4.85", "3.10", underlying="228.14"))).legs
    assert "Black-76, from the mark 3.10" in words_of(greek_lines(filled, NOW, Figures()))


# Hours


def new_york(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=EXCHANGE_ZONE).astimezone(UTC)


SESSIONS = (
    *(TradingSession(date(2026, 3, day), new_york(day, 9, 30), new_york(day, 16)) for day in (5, 6, 9, 10)),
    *(
        TradingSession(date(2026, 3, day), new_york(day - 1, 18), new_york(day, 17), market=Market.FUTURES)
        for day in (5, 6, 9, 10)
    ),
)
FRIDAYS_CLOSE, SUNDAY_EVENING = new_york(6, 16), new_york(8, 19)


def of_friday(found: Leg) -> Leg:
    assert found.quote is not None
    return replace(found, quote=replace(found.quote, received_at=FRIDAYS_CLOSE))


async def test_an_old_mark_is_called_out_only_where_its_market_trades() -> None:
    whole = numbered(*(of_friday(leg(position(of), "10")) for of in (share(), future(), coin())))
    app = make_app(clock=Watch(SUNDAY_EVENING))
    async with shown(replace(snapshot(*whole), sessions=SESSIONS), app) as pilot:
        ages = {key: table_of(pilot).get_cell(key, "age").text for key in ("1", "2", "3")}
    assert ages == {"1": "2d", "2": "2d!", "3": "2d!"}


async def test_a_halt_stands_where_the_age_is() -> None:
    halted = leg(position(share()), "10")
    assert halted.quote is not None
    halted = replace(halted, quote=replace(halted.quote, is_halted=True))
    async with shown(snapshot(*numbered(halted))) as pilot:
        assert table_of(pilot).get_cell("1", "age").text == "halt"
    assert "trading is halted" in words_of(figure_lines(halted, NOW, Figures(), 200))


@pytest.mark.parametrize(
    ("of", "mark_at", "now", "words"),
    [
        (share(), new_york(9, 12), new_york(9, 12), None),
        (share(), new_york(9, 8), new_york(9, 8), "; from before the opening"),
        (share(), new_york(6, 19), new_york(6, 19), "; from after hours"),
        (CALL, new_york(6, 19), new_york(6, 19), "; its market was closed"),
        (share(), FRIDAYS_CLOSE + timedelta(hours=20), SUNDAY_EVENING, "; its market was closed"),
        (future(), FRIDAYS_CLOSE, SUNDAY_EVENING, "; stale: its market has been open since"),
        (coin(), new_york(8, 18, 59), SUNDAY_EVENING, None),
    ],
)
def test_the_detail_says_what_a_mark_outside_trading_hours_is(
    of: object, mark_at: datetime, now: datetime, words: str | None
) -> None:
    found = leg(position(of), "10")  # type: ignore[arg-type]
    assert found.quote is not None
    found = replace(found, quote=replace(found.quote, received_at=mark_at))
    mark = next(line for line in figure_lines(found, now, Figures(), 200, SESSIONS) if line[0].text.startswith("Mark"))
    said = "".join(piece.text for piece in mark)
    assert said.endswith(words or "ago"), said


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ([share(), future()], "19:00:00 ET closed, opens 14h 30m"),
        ([future(), coin()], "19:00:00 ET futures open, closes 22h 00m"),
        ([coin()], "19:00:00 ET cryptocurrencies open"),
    ],
)
def test_the_header_follows_the_market_of_what_is_held(of: list[object], words: str) -> None:
    held_ = snapshot(*(leg(position(each), "10") for each in of))  # type: ignore[arg-type]
    facts = HeaderFacts(Book.of(replace(held_, sessions=SESSIONS), SUNDAY_EVENING), is_private=False, is_demo=False)
    assert words in words_of(header_lines(facts, SUNDAY_EVENING, 180))
