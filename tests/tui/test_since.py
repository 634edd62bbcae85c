"""Since you left: who is away, when the screen opens and when not, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from cotrader_tui.domain.market import Greeks
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind
from cotrader_tui.seen_file import SeenFile
from cotrader_tui.tui.ports import LastSeen, ScreenOptions
from cotrader_tui.tui.presence import Absence, Presence, is_settled
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.since import since_lines
from cotrader_tui.tui.present.text import cell_width
from cotrader_tui.tui.screens.help import HelpScreen
from cotrader_tui.tui.screens.position_detail import PositionDetail
from cotrader_tui.tui.screens.positions import PositionsScreen
from cotrader_tui.tui.screens.since import SinceScreen
from cotrader_tui.tui.widgets.filter_line import FilterInput
from tests import builders
from tests.builders import NOW, share, snapshot
from tests.commands.books import sync
from tests.store.test_since import CALL, LATER, LEFT, found, held, land
from tests.tui.book import Watch, make_app, settled, text_of
from tests.tui.test_actions import press
from tests.tui.test_actions import until as wait_for
from tests.tui.test_details import until

HOUR = timedelta(hours=1)
KO = share("KO")


class Memory:
    """Remembers in memory."""

    def __init__(self, seen: datetime | None = None) -> None:
        self.seen = seen
        self.refusal: ConfigError | None = None

    def read(self) -> datetime | None:
        return self.seen

    def write(self, at: datetime) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.seen = at


def greeks(delta: float) -> list[Greeks]:
    return [builders.greeks(CALL, delta, 0.01, -0.09, 0.21)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Just before somebody left: shares, coffee, a short call. Now less of the call, no coffee, and a failed sync."""
    path = tmp_path / "book.db"
    marks = {share(): "50.00", KO: "60.00", CALL: "3.60"}
    stock, call = held(share(), "100"), held(CALL, "-2", "4.85", realized="0")
    land(path, LEFT - timedelta(minutes=1), stock, held(KO, "10", "58"), call, marks=marks, greeks=greeks(0.24))
    sync(path, error=BrokerError(ErrorKind.NETWORK, "No answer.", "Is the network up?"), now=NOW - HOUR)
    after = held(CALL, "-1", "4.85", realized="165")
    land(path, LATER, stock, after, marks={share(): "51.25", CALL: "3.20"}, greeks=greeks(0.30))
    return path


@asynccontextmanager
async def opened(
    database: Path, seen: LastSeen | None, watch: Watch | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[Any]]:
    """The app as somebody starts it, once its book is on the screen."""
    app = make_app(database=database, clock=watch or Watch(), options=ScreenOptions(last_seen=seen))
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, "AAPL")
        yield pilot


async def is_open(pilot: Pilot[Any]) -> None:
    await wait_for(pilot, lambda: isinstance(pilot.app.screen, SinceScreen))
    await until(pilot, "Since you left")
    await settled(pilot)


async def has_waited(pilot: Pilot[Any]) -> None:
    """There is something to tell, and it is not told."""
    await wait_for(pilot, lambda: pilot.app.has_news)  # type: ignore[attr-defined]
    await pilot.pause(1.2)  # longer than from one look to the next
    await stays_closed(pilot)


async def stays_closed(pilot: Pilot[Any]) -> None:
    await settled(pilot)
    assert not any(isinstance(screen, SinceScreen) for screen in pilot.app.screen_stack)


async def landed(*what: Any, **marks: Any) -> None:  # noqa: ANN401 - as `land`
    await asyncio.to_thread(land, *what, **marks)


# Who is away


def test_who_was_last_seen_more_than_an_hour_ago_has_been_away() -> None:
    assert Presence(NOW, NOW - HOUR).absence is None
    absence = Presence(NOW, NOW - HOUR - timedelta(seconds=1)).absence
    assert absence is not None
    assert (absence.left_at, absence.returned_at) == (NOW - HOUR - timedelta(seconds=1), NOW)


def test_nobody_has_been_away_the_first_time_nor_when_the_clock_was_set_back() -> None:
    assert Presence(NOW, None).absence is None
    assert Presence(NOW, NOW + HOUR).absence is None


def test_a_key_after_more_than_an_hour_is_a_return() -> None:
    presence, night = Presence(NOW, None), NOW + timedelta(hours=12)
    presence.use(NOW + HOUR)
    assert presence.to_keep == NOW + HOUR
    presence.use(night)
    assert presence.absence == Absence(NOW + HOUR, night)


def test_who_used_another_screen_meanwhile_has_been_away_since_then() -> None:
    presence = Presence(NOW, None)
    presence.use(NOW + 5 * HOUR, seen=NOW + 3 * HOUR)
    assert presence.absence is not None
    assert presence.absence.left_at == NOW + 3 * HOUR
    presence.use(NOW + 10 * HOUR, seen=NOW + 9.5 * HOUR)
    assert presence.absence is None


def test_what_has_not_been_told_yet_is_not_forgotten() -> None:
    presence = Presence(NOW, NOW - 9 * HOUR)
    assert presence.to_keep == NOW - 9 * HOUR
    presence.absence = None
    assert presence.to_keep == NOW


def test_figures_of_yesterday_are_not_settled_and_those_of_a_failed_connection_are() -> None:
    book = snapshot()
    (fresh,) = book.connections
    assert is_settled(book, NOW)
    old = replace(fresh, last_sync_at=NOW - timedelta(days=1))
    assert not is_settled(replace(book, connections=(old,)), NOW)
    assert not is_settled(replace(book, connections=(replace(fresh, is_syncing=True),)), NOW)
    assert is_settled(replace(book, connections=(replace(old, sync_enabled=False),)), NOW)


# The file


def test_the_last_use_is_kept_beside_the_database_for_its_owner_only(tmp_path: Path) -> None:
    file = SeenFile(tmp_path / "book.db")
    assert file.read() is None
    file.write(NOW)
    assert SeenFile(tmp_path / "book.db").read() == NOW
    assert SeenFile(tmp_path / "other.db").read() is None
    (path,) = tmp_path.iterdir()
    assert path.name == "book.db.last-seen"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "yesterday", "2026-03-10T15:30:00"])
def test_a_file_that_holds_no_instant_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "book.db.last-seen").write_text(text)
    assert SeenFile(tmp_path / "book.db").read() is None


# When it opens


async def test_it_opens_on_return_and_says_what_happened(database: Path) -> None:
    watch = Watch()
    async with opened(database, Memory(LEFT), watch, (80, 40)) as pilot:
        watch.forward(2)
        await is_open(pilot)
        words = text_of(pilot)
        assert "Since you left, 08:30:00 New York, 3h 00m ago" in words
        assert "The figures from then are of 08:29:00" in words
        # shares +125; the call realized 165 and has 165 open, of 250 then; coffee vanished at its last mark
        assert "AAPL                       +205.00" in words
        assert "Total                      +205.00" in words
        assert "KO shares                   10 → 0  +20.00 realized (estimated)" in words
        assert "AAPL APR17 245 C           -2 → -1  +165.00 realized" in words
        assert "Biggest changes of Greeks" in words
        assert "demo" not in words
        await pilot.press("G")
        await settled(pilot)
        assert "tastytrade: 1 sync failed, the last at 10:30:00: No answer. Is the network up?" in text_of(pilot)


def test_without_a_sync_before_one_sentence_says_so(tmp_path: Path) -> None:
    path = tmp_path / "first.db"
    land(path, LATER, held(share(), "100"), held(KO, "10", "58"), marks={share(): "51.25", KO: "60"})
    since = found(path)
    lines = ["".join(piece.text for piece in line) for line in since_lines(since, NOW, Figures())]
    assert lines == ["Nothing had been synced by then, so what has changed since is not known."]
    assert not since.is_worth_telling


@pytest.mark.parametrize("key", ["esc", "q", "w"])
async def test_one_key_dismisses_it_and_it_does_not_come_again(database: Path, key: str) -> None:
    watch, memory = Watch(), Memory(LEFT)
    async with opened(database, memory, watch) as pilot:
        watch.forward(2)
        await is_open(pilot)
        await press(pilot, key)
        assert isinstance(pilot.app.screen, PositionsScreen)
        assert not pilot.app.has_news  # type: ignore[attr-defined]
    assert memory.seen == watch.now


async def test_the_key_after_a_night_brings_it_and_does_its_own_work_too(database: Path) -> None:
    watch = Watch(LEFT)
    async with opened(database, None, watch) as pilot:
        watch.now = NOW
        await pilot.press("2")
        watch.forward(2)
        await is_open(pilot)
        await press(pilot, "esc")
        assert pilot.app.current_mode == "greeks"


async def test_one_that_was_left_open_gives_way_to_the_new_one(database: Path) -> None:
    watch = Watch(LEFT)
    async with opened(database, Memory(LEFT - timedelta(minutes=5)), watch) as pilot:
        await press(pilot, "w")
        watch.now = NOW
        await pilot.press("j")
        watch.forward(2)
        await until(pilot, "Since you left, 08:30:00 New York")
        assert [type(screen) for screen in pilot.app.screen_stack] == [PositionsScreen, SinceScreen]


async def test_it_opens_above_a_detail_but_not_above_a_dialog(database: Path) -> None:
    watch = Watch()
    async with opened(database, Memory(LEFT), watch) as pilot:
        await press(pilot, "enter")
        await press(pilot, "?")
        watch.forward(2)
        await has_waited(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)
        await press(pilot, "esc")
        watch.forward(2)
        await is_open(pilot)
        await press(pilot, "esc")
        assert isinstance(pilot.app.screen, PositionDetail)


async def test_it_does_not_open_while_somebody_types(database: Path) -> None:
    watch = Watch()
    async with opened(database, Memory(LEFT), watch) as pilot:
        await press(pilot, "/", "A")
        watch.forward(5)
        await has_waited(pilot)
        assert isinstance(pilot.app.focused, FilterInput)
        await press(pilot, "esc")
        watch.forward(2)
        await is_open(pilot)


async def test_nor_right_under_a_key(database: Path) -> None:
    async with opened(database, Memory(LEFT)) as pilot:
        await press(pilot, "j")
        await has_waited(pilot)


async def test_who_was_busy_for_too_long_is_told_where_it_is(database: Path) -> None:
    watch, memory = Watch(), Memory(LEFT)
    async with opened(database, memory, watch) as pilot:
        await press(pilot, "?")
        await has_waited(pilot)
        watch.forward(121)
        await wait_for(pilot, lambda: not pilot.app.has_news)  # type: ignore[attr-defined]
        await press(pilot, "esc")
        await until(pilot, "w shows what happened")
        await press(pilot, "w")
        await until(pilot, "+205.00")


async def test_nothing_happened_is_nothing_shown(tmp_path: Path) -> None:
    path, watch = tmp_path / "quiet.db", Watch()
    for at in (LEFT - timedelta(minutes=1), LATER):
        await landed(path, at, held(share(), "100"), marks={share(): "50"})
    async with opened(path, Memory(LEFT), watch) as pilot:
        watch.forward(2)
        await pilot.pause(1.2)  # longer than from one look to the next
        await stays_closed(pilot)
        await press(pilot, "w")
        await until(pilot, "Nothing was opened, closed or changed.")


async def test_figures_that_are_being_fetched_are_waited_for(tmp_path: Path) -> None:
    path, watch = tmp_path / "old.db", Watch()
    await landed(path, LEFT - timedelta(minutes=1), held(share(), "100"), marks={share(): "50"})
    async with opened(path, Memory(LEFT), watch) as pilot:
        watch.forward(2)
        await pilot.pause(1.2)  # longer than from one look to the next
        await stays_closed(pilot)
        await landed(path, watch.now, held(share(), "100"), marks={share(): "51"})
        watch.forward(2)
        await is_open(pilot)
        await until(pilot, "+100.00")


# By key and by the palette


async def test_w_opens_and_closes_it_at_any_time(database: Path) -> None:
    async with opened(database, Memory(NOW - timedelta(minutes=10)), size=(80, 40)) as pilot:
        await press(pilot, "w")
        await until(pilot, "Since you left, 11:20:00 New York, 10m ago")
        await press(pilot, "w")
        assert isinstance(pilot.app.screen, PositionsScreen)


async def test_the_palette_opens_it(database: Path) -> None:
    async with opened(database, Memory(LEFT)) as pilot:
        await press(pilot, ":")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        await pilot.press(*"since you")
        await wait_for(pilot, lambda: "Since you left" in text_of(pilot))
        await press(pilot, "enter")
        await is_open(pilot)


async def test_without_a_sync_since_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    await landed(path, LEFT - timedelta(minutes=1), held(share(), "100"), marks={share(): "50"})
    async with opened(path, Memory(LEFT)) as pilot:
        await press(pilot, "w")
        await until(pilot, "Nothing has been synced since then.")
        assert "+0.00" not in text_of(pilot)


async def test_a_sync_while_it_is_open_is_shown(database: Path) -> None:
    watch = Watch()
    async with opened(database, Memory(LEFT), watch) as pilot:
        await press(pilot, "w")
        await until(pilot, "+205.00")
        later = held(CALL, "-1", "4.85", realized="165")
        await landed(database, watch.now, held(share(), "100"), later, marks={share(): "52.25", CALL: "3.20"})
        await until(pilot, "+305.00")


async def test_privacy_masks_its_amounts(database: Path) -> None:
    async with opened(database, Memory(LEFT), size=(80, 40)) as pilot:
        await press(pilot, "p", "w")
        await until(pilot, "Biggest changes of Greeks")
        words = text_of(pilot)
        assert "•••••" in words
        for amount in ("205.00", "165.00", "20.00", "-2 →", "10 →"):
            assert amount not in words


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 50)])
async def test_it_can_be_read_and_scrolled_at_every_size(database: Path, size: tuple[int, int]) -> None:
    async with opened(database, Memory(LEFT), size=size) as pilot:
        await press(pilot, "w")
        await until(pilot, "P&L since then by underlying, in USD")
        await press(pilot, "G")
        await until(pilot, "1 sync failed")


def test_its_columns_fit_sixty_cells(database: Path) -> None:
    lines = since_lines(found(database), NOW, Figures())
    tables = [line for line in lines if len(line) == 3 and not line[0].text.startswith("  tastytrade")]
    assert max(cell_width(line[0].text + line[1].text) for line in tables) <= 52


# What is remembered


async def test_the_last_key_is_what_is_kept_at_the_end(database: Path) -> None:
    watch, memory = Watch(), Memory()
    async with opened(database, memory, watch) as pilot:
        watch.forward(100)
        await press(pilot, "j")
        watch.forward(1000)
    assert memory.seen == NOW + timedelta(seconds=100)


async def test_it_is_kept_every_few_minutes_too(database: Path) -> None:
    watch, memory = Watch(), Memory()
    async with opened(database, memory, watch) as pilot:
        watch.forward(181)
        await press(pilot, "j")
        await wait_for(pilot, lambda: memory.seen == watch.now)


async def test_what_nobody_has_seen_yet_is_kept_for_the_next_start(tmp_path: Path) -> None:
    path, memory = tmp_path / "old.db", Memory(LEFT)
    await landed(path, LEFT - timedelta(minutes=1), held(share(), "100"), marks={share(): "50"})
    async with opened(path, memory, Watch()) as pilot:
        await press(pilot, "j")
    assert memory.seen == LEFT


async def test_a_place_that_cannot_be_written_is_told_once(database: Path) -> None:
    watch, memory = Watch(), Memory()
    memory.refusal = ConfigError("The place cannot be written.", "Check it.")
    async with opened(database, memory, watch) as pilot:
        for _ in range(2):
            watch.forward(181)
            await press(pilot, "j")
            await pilot.pause(1.3)
        told = [each.text for each in pilot.app.told]  # type: ignore[attr-defined]
    assert told.count("The place cannot be written. Check it.") == 1


def test_instants_are_kept_in_utc(tmp_path: Path) -> None:
    SeenFile(tmp_path / "book.db").write(NOW)
    assert datetime.fromisoformat((tmp_path / "book.db.last-seen").read_text().strip()).utcoffset() == UTC.utcoffset(
        None
    )
