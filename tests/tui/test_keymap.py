"""A person's own keys: what is refused or warned of in words, and that the whole screen goes by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from textual.command import CommandPalette, DiscoveryHit
from textual.pilot import Pilot

from cotrader_tui.tui.actions import ACTIONS
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.commands import ActionCommands
from cotrader_tui.tui.key_names import canonical, warning
from cotrader_tui.tui.keymap import DEFAULT_KEYMAP, keymap
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.screens.help import HelpScreen
from tests.tui.book import book, make_app, settled, shown, text_of


@dataclass(frozen=True, slots=True)
class Wished:
    action: str
    keys: tuple[str, ...]
    place: str = "c.toml, line 7"


def wished(**wishes: str | tuple[str, ...]) -> tuple[Wished, ...]:
    return tuple(Wished(action, (keys,) if isinstance(keys, str) else keys) for action, keys in wishes.items())


def with_keys(warnings: tuple[str, ...] = (), /, **wishes: str | tuple[str, ...]) -> CotraderApp:
    return make_app(options=ScreenOptions(is_watching=False, keys=wished(**wishes), warnings=warnings))


# The checks


def test_without_wishes_every_action_has_its_own_keys_and_nothing_is_wrong() -> None:
    assert keymap(()) == DEFAULT_KEYMAP
    assert keymap(wished(**{action.id: action.keys for action in ACTIONS})) == DEFAULT_KEYMAP


def test_no_default_key_is_warned_of_but_those_textual_and_terminals_know() -> None:
    assert [key for action in ACTIONS for key in action.keys if canonical(key) != key or warning(key)] == []


def test_a_wish_takes_the_place_of_all_keys_of_its_action() -> None:
    found = keymap(wished(down=("n", "f5"), theme=()))
    assert (found.keys["down"], found.keys["theme"], found.problems) == (("n", "f5"), (), ())
    assert found.keys["up"] == DEFAULT_KEYMAP.keys["up"]


def test_two_actions_may_swap_their_keys() -> None:
    found = keymap(wished(sync="p", privacy="r"))
    assert (found.keys["sync"], found.keys["privacy"], found.problems) == (("p",), ("r",), ())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("escape", "esc"),
        ("Ctrl+K", "ctrl+k"),
        ("shift+g", "G"),
        ("PgUp", "pageup"),
        ("shift+tab", "shift+tab"),
        ("ctrl+shift+left", "ctrl+shift+left"),
        ("alt+x", "alt+x"),
        ("comma", ","),
        (" ", "space"),
        ("é", "é"),
        ("+", "+"),
        ("ctrl++", "ctrl++"),
        ("F5", "f5"),
    ],
)
def test_a_key_has_one_name_however_it_is_written(written: str, name: str) -> None:
    assert canonical(written) == name


@pytest.mark.parametrize("written", ["", "ctrl+", "strg+k", "f99", "enterr", "\x1b", "hyper+foo", "k,l"])
def test_what_is_no_key_is_refused(written: str) -> None:
    assert canonical(written) is None


@pytest.mark.parametrize(
    "key",
    [
        *("ctrl+i", "ctrl+j", "ctrl+m", "ctrl+h", "ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+z", "f1", "f11"),
        *("alt+x", "ctrl+enter", "shift+enter", "ctrl+1", "super+x", "ctrl+shift+k"),
    ],
)
def test_keys_that_terminals_keep_or_cannot_send_are_allowed_with_a_warning(key: str) -> None:
    found = keymap(wished(sync=key))
    assert found.keys["sync"] == (key,)
    (problem,) = found.problems
    assert problem.startswith(f"c.toml, line 7: keys.sync: {key} ")
    assert "`cotrader keys`" in problem


@pytest.mark.parametrize(
    ("wishes", "said", "keys"),
    [
        ({"synk": "x"}, "there is no action synk. Did you mean sync?", {"sync": ("r",)}),
        ({"qqq": "x"}, "there is no action qqq. `cotrader keys --list` names them.", {"sync": ("r",)}),
        ({"sync": "entre"}, "keys.sync: there is no key 'entre'. Did you mean enter?", {"sync": ("r",)}),
        ({"sync": ("entre", "N")}, "there is no key 'entre'", {"sync": ("N",)}),
        ({"sync": "N", "help": "N"}, "keys.help: N is wanted for sync already", {"sync": ("N",), "help": ("?",)}),
        (
            {"sync": "p"},
            "p, wanted for sync, was the key of privacy (Privacy). It has none now",
            {"sync": ("p",), "privacy": ()},
        ),
        ({"sync": ":"}, "was the key of palette (All actions). It still has ctrl+p.", {"palette": ("ctrl+p",)}),
        ({"sync": "escape"}, "esc, wanted for sync, was the key of back", {"sync": ("esc",), "back": ()}),
    ],
)
def test_what_cannot_be_or_clashes_is_said_and_the_rest_holds(
    wishes: dict[str, str | tuple[str, ...]], said: str, keys: dict[str, tuple[str, ...]]
) -> None:
    found = keymap(wished(**wishes))
    (problem,) = found.problems
    assert said in problem
    assert problem.startswith("c.toml, line 7: ")
    assert {action: found.keys[action] for action in keys} == keys


def test_the_same_key_twice_in_one_wish_is_one() -> None:
    assert keymap(wished(sync=("N", "N"))).keys["sync"] == ("N",)


# The screen


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


async def test_the_new_key_works_the_old_one_no_longer() -> None:
    async with shown(book(), with_keys(privacy=("P", "f5"), greeks="w")) as pilot:
        await press(pilot, "p")
        assert "PRIVACY" not in text_of(pilot)
        await press(pilot, "P")
        assert "PRIVACY" in text_of(pilot)
        await press(pilot, "f5")
        assert "PRIVACY" not in text_of(pilot)
        await press(pilot, "2")
        assert pilot.app.current_mode == "positions"
        await press(pilot, "w")
        assert pilot.app.current_mode == "greeks"


@pytest.mark.parametrize(
    ("key", "pressed"), [(",", "comma"), ("space", "space"), ("esc", "escape"), ("?", "?"), ("G", "G")]
)
async def test_keys_with_names_of_textuals_own_work_too(key: str, pressed: str) -> None:
    async with shown(book(), with_keys(privacy=key)) as pilot:
        await press(pilot, {"?": "question_mark"}.get(pressed, pressed))
        assert "PRIVACY" in text_of(pilot)


async def test_the_footer_the_tabs_the_help_and_the_palette_show_a_persons_keys() -> None:
    app = with_keys(privacy=("P", "f5"), greeks="w", orders=(), help="f2", back="b")
    async with shown(book(), app, size=(140, 110)) as pilot:
        text = text_of(pilot)
        assert "P Privacy" in text
        assert "f5 Privacy" not in text
        assert "w Greeks" in text
        assert "6 Orders" not in text
        hits = [hit async for hit in ActionCommands(pilot.app.screen).discover()]
        helps = {hit.text: hit.help for hit in hits if isinstance(hit, DiscoveryHit)}
        assert (helps["Privacy"], helps["Orders"]) == ("P, f5", "")
        await press(pilot, "f2")
        assert isinstance(pilot.app.screen, HelpScreen)
        assert "b closes" in text_of(pilot)
        assert "P, f5" in text_of(pilot)
        await press(pilot, "b")
        assert not isinstance(pilot.app.screen, HelpScreen)


async def test_an_action_without_a_key_is_in_the_palette_and_the_palette_itself_may_lose_its_key() -> None:
    async with shown(book(), with_keys(palette="N", theme=())) as pilot:
        await press(pilot, "ctrl+p")
        await press(pilot, "colon")
        assert not isinstance(pilot.app.screen, CommandPalette)
        await press(pilot, "N")
        assert isinstance(pilot.app.screen, CommandPalette)


async def test_moving_in_the_help_goes_by_a_persons_keys() -> None:
    async with shown(book(), with_keys(bottom="N"), size=(80, 14)) as pilot:
        await press(pilot, "question_mark")
        assert "Day %" not in text_of(pilot)
        await press(pilot, "N")
        assert "Day %" in text_of(pilot)


async def test_what_is_amiss_with_settings_and_keys_is_told_on_the_screen() -> None:
    async with shown(book(), with_keys(("c.toml, line 1: there is no setting [x].",), synk="x", sync="p")) as pilot:
        told = [each.message for each in pilot.app._notifications]
        assert told[0] == "c.toml, line 1: there is no setting [x]."
        assert "there is no action synk" in told[1]
        assert "privacy" in told[2]


async def test_of_many_sentences_a_few_are_told_and_the_rest_is_counted() -> None:
    async with shown(book(), with_keys(tuple(f"sentence {number}" for number in range(9)))) as pilot:
        told = [each.message for each in pilot.app._notifications]
        assert told[:3] == ["sentence 0", "sentence 1", "sentence 2"]
        assert told[3] == "6 more like this: `cotrader config show` tells them."
