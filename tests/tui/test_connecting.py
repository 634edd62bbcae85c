"""Connections made and ended from the palette, with a small program in the place of `cotrader connect`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from textual._callback import invoke
from textual.command import DiscoveryHit
from textual.pilot import Pilot
from textual.widgets import Input

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import ConnectionStatus
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.commands import ActionCommands
from cotrader_tui.tui.ports import ConnectionPrograms, EngineState, FormField, ScreenOptions
from cotrader_tui.tui.screens.connect_form import ConnectForm, SecretInput
from cotrader_tui.tui.screens.disconnect_dialog import DisconnectDialog
from tests.tui.book import book, make_app, settled, shown, tell, text_of

FIELDS = {
    "tastytrade": (
        FormField("client_secret", "The application's secret", is_secret=True, is_required=True),
        FormField("refresh_token", "The refresh token", is_secret=True, is_required=True),
        FormField("account_number", "Only these accounts"),
    ),
    "ibkr": (FormField("port", "Its port", is_required=True),),
}
_PROGRAM = """
import json, os, pathlib, sys, time
place = pathlib.Path(sys.argv[1])
place.write_text(json.dumps({"argv": sys.argv, "environ": dict(os.environ), "given": sys.stdin.read()}))
print(sys.argv[2], file=sys.stderr, flush=True)
if sys.argv[3] == "never":
    time.sleep(600)
sys.exit(int(sys.argv[3]))
"""


@dataclass
class Programs:
    """Programs that note what they were given, say `words` and end with `code`, or never."""

    folder: Path
    words: str = "It went well."
    code: str = "0"
    kept: list[str] = field(default_factory=list)

    @property
    def notes(self) -> Path:
        return self.folder / "notes"

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.notes.read_text())
        return told

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-S", "-c", _PROGRAM, str(self.notes), self.words, self.code, *arguments]

    @property
    def port(self) -> ConnectionPrograms:
        return ConnectionPrograms(
            fields=FIELDS,
            connect=lambda broker, name: self._command("connect", broker, name),
            disconnect=lambda name: self._command("disconnect", name),
            kept=lambda: tuple(self.kept),
        )


class Keeper:
    """Counts how often it was started."""

    def __init__(self) -> None:
        self.starts = 0

    def start(self, on_change: Callable[[EngineState], None]) -> None:
        self.starts += 1

    def stop(self) -> None:
        """Nothing was started."""


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def app_with(programs: Programs, **options: Any) -> CotraderApp:  # noqa: ANN401 - of several kinds
    return make_app(options=ScreenOptions(is_watching=False, programs=programs.port, **options))


async def until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        await pilot.pause(0.02)
        if is_so():
            return
    raise AssertionError(text_of(pilot))


async def entries(pilot: Pilot[Any]) -> dict[str, Any]:
    hits = [hit async for hit in ActionCommands(pilot.app.screen).discover()]
    return {str(hit.text): hit.command for hit in hits if isinstance(hit, DiscoveryHit)}


async def choose(pilot: Pilot[Any], words: str) -> None:
    await invoke((await entries(pilot))[words])
    await settled(pilot)


def field_of(pilot: Pilot[Any], key: str) -> Input:
    return pilot.app.screen.query_one(f"#field-{key}", Input)


async def fill(pilot: Pilot[Any], **values: str) -> None:
    for key, value in values.items():
        field_of(pilot, key).focus()
        await pilot.press(*value)
    await pilot.press("enter")


# The palette


async def test_the_palette_offers_what_can_be_done_to_each_connection(programs: Programs) -> None:
    programs.kept = ["ira", "[bold]joint"]
    async with shown(book(), app_with(programs)) as pilot:
        found = set(await entries(pilot))
    name = book().connections[0].name
    wanted = {f"Sync {name}", "Connect tastytrade", "Connect ibkr", "Disconnect ira", "Disconnect [bold]joint"}
    assert wanted <= found
    async with shown(book()) as pilot:
        assert [words for words in await entries(pilot) if words.startswith(("Connect", "Disconnect"))] == []


async def test_a_connection_that_is_switched_off_or_disconnected_is_not_synced(programs: Programs) -> None:
    (connection,) = book().connections
    for each in (replace(connection, sync_enabled=False), replace(connection, status=ConnectionStatus.REVOKED)):
        async with shown(replace(book(), connections=(each,)), app_with(programs)) as pilot:
            assert f"Sync {connection.name}" not in await entries(pilot)


async def test_syncing_one_asks_for_that_one_and_r_for_all() -> None:
    wishes: list[str | None] = []
    async with shown(book(), make_app(request_sync=lambda name, is_full: wishes.append(name))) as pilot:
        name = book().connections[0].name
        await choose(pilot, f"Sync {name}")
        await pilot.press("r")
        await until(pilot, lambda: wishes == [name, None])
        assert "sync asked for" in text_of(pilot)


# Connecting


async def test_what_is_missing_is_named_and_nothing_is_run(programs: Programs) -> None:
    async with shown(book(), app_with(programs)) as pilot:
        await choose(pilot, "Connect tastytrade")
        await pilot.press("enter")
        assert "Still missing: The application's secret." in text_of(pilot)
        assert pilot.app.focused is field_of(pilot, "client_secret")
        assert not programs.notes.exists()


async def test_a_name_that_is_taken_is_not_proposed(programs: Programs) -> None:
    programs.kept = ["tastytrade"]
    async with shown(book(), app_with(programs)) as pilot:
        await choose(pilot, "Connect tastytrade")
        assert field_of(pilot, "name").value == ""


async def test_the_fields_go_to_standard_input_and_no_secret_anywhere_else(programs: Programs) -> None:
    programs.words, pictures = "ira is connected.", []
    app = app_with(programs)
    async with shown(book(), app) as pilot:
        await choose(pilot, "Connect tastytrade")
        field_of(pilot, "name").value = "ira"
        await fill(pilot, account_number="5WT1", client_secret="canary-a", refresh_token=" canary-b ")
        pictures.append(text_of(pilot))
        assert [each.value for each in app.screen.query(SecretInput)] == ["", ""]
        await until(pilot, lambda: "ira is connected." in text_of(pilot))
        pictures.append(text_of(pilot))
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(app.screen, ConnectForm)
    told = programs.told
    assert told["argv"][-3:] == ["connect", "tastytrade", "ira"]
    given = {"client_secret": "canary-a", "refresh_token": "canary-b", "account_number": "5WT1"}
    assert json.loads(told["given"]) == given
    assert "canary" not in json.dumps([told["argv"], told["environ"], pictures])


async def test_a_secret_is_neither_shown_nor_copied_to_the_terminal(programs: Programs) -> None:
    app = app_with(programs)
    async with shown(book(), app) as pilot:
        await choose(pilot, "Connect tastytrade")
        secret = field_of(pilot, "client_secret")
        secret.focus()
        await pilot.press(*"canary-a", "shift+home", "ctrl+c", "ctrl+x")
        assert "canary" not in text_of(pilot)
        assert "canary" not in app.clipboard
        assert secret.value == "canary-a"


async def test_a_refusal_is_shown_and_the_form_can_be_sent_again(programs: Programs) -> None:
    programs.words, programs.code = "The broker \x1b[31mrefused the grant.\nNothing is stored.", "4"
    async with shown(book(), app_with(programs)) as pilot:
        await choose(pilot, "Connect tastytrade")
        await fill(pilot, client_secret="canary-a", refresh_token="canary-b")
        await until(pilot, lambda: "Nothing is stored." in text_of(pilot))
        assert "refused the grant." in text_of(pilot)
        assert "\x1b" not in text_of(pilot)
        assert "Type the secrets again" in text_of(pilot)
        assert pilot.app.focused is field_of(pilot, "client_secret")
        programs.words, programs.code = "Connected.", "0"
        await fill(pilot, client_secret="canary-c", refresh_token="canary-d")
        await until(pilot, lambda: "Connected." in text_of(pilot))
    assert json.loads(programs.told["given"]) == {"client_secret": "canary-c", "refresh_token": "canary-d"}


async def test_the_book_stays_live_while_it_runs_and_escape_stops_it(programs: Programs) -> None:
    programs.code = "never"
    app = app_with(programs)
    async with shown(book(), app) as pilot:
        await choose(pilot, "Connect ibkr")
        await fill(pilot, port="7497")
        await until(pilot, programs.notes.exists)
        emptied: PortfolioSnapshot = replace(book(), legs=())
        await tell(pilot, emptied)
        assert app.snapshot is not None
        assert app.snapshot.legs == ()
        assert "Logging in to ibkr…" in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped before it was done." in text_of(pilot))
        assert field_of(pilot, "port").value == "7497", "what is no secret stays"
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(app.screen, ConnectForm)


async def test_the_first_connection_starts_the_engine_and_ends_the_welcome(programs: Programs) -> None:
    keeper = Keeper()
    options = ScreenOptions(
        is_watching=False, programs=programs.port, has_connections=False, unconfigured="No broker is configured."
    )
    async with shown(None, make_app(keeper=keeper, options=options)) as pilot:
        assert "Welcome to cotrader." in text_of(pilot)
        assert keeper.starts == 0
        await choose(pilot, "Connect ibkr")
        await fill(pilot, port="7497")
        await until(pilot, lambda: "It went well." in text_of(pilot))
        await pilot.press("escape")
        await settled(pilot)
        assert "Loading the book" in text_of(pilot)
    assert keeper.starts == 1


async def test_a_first_connection_made_in_another_terminal_starts_the_engine_too(programs: Programs) -> None:
    keeper = Keeper()
    options = ScreenOptions(
        is_watching=False, programs=programs.port, has_connections=False, unconfigured="No broker is configured."
    )
    async with shown(None, make_app(keeper=keeper, options=options)) as pilot:
        programs.kept = ["ira"]
        await until(pilot, lambda: "Loading the book" in text_of(pilot))
        await until(pilot, lambda: keeper.starts == 1)


# Disconnecting


@pytest.mark.parametrize("key", ["n", "escape", "q"])
async def test_a_connection_is_kept_unless_somebody_says_yes(programs: Programs, key: str) -> None:
    programs.kept = ["ira"]
    async with shown(book(), app_with(programs)) as pilot:
        await choose(pilot, "Disconnect ira")
        assert "Disconnect ira?" in text_of(pilot)
        assert "Its history stays" in text_of(pilot)
        await pilot.press(key)
        await settled(pilot)
        assert not isinstance(pilot.app.screen, DisconnectDialog)
        assert pilot.app.is_running
    assert not programs.notes.exists()


async def test_yes_disconnects_and_a_failure_can_be_gone_on_with(programs: Programs) -> None:
    programs.kept, programs.words, programs.code = ["ira"], "The engine did not let go of ira.", "1"
    async with shown(book(), app_with(programs)) as pilot:
        await choose(pilot, "Disconnect ira")
        await pilot.press("y")
        await until(pilot, lambda: "The engine did not let go of ira." in text_of(pilot))
        assert "y tries again" in text_of(pilot)
        programs.words, programs.code = "ira is disconnected.", "0"
        await pilot.press("y")
        await until(pilot, lambda: "ira is disconnected." in text_of(pilot))
        programs.notes.unlink()
        await pilot.press("y")
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, DisconnectDialog)
    assert not programs.notes.exists(), "once is enough"


async def test_a_disconnected_connection_leaves_the_header_and_is_not_lost(programs: Programs) -> None:
    (connection,) = book().connections
    async with shown(book(), app_with(programs), size=(160, 40)) as pilot:
        assert f"{connection.name} " in text_of(pilot).splitlines()[1]
        revoked = replace(book(), connections=(replace(connection, status=ConnectionStatus.REVOKED),))
        await tell(pilot, revoked)
        assert connection.name not in text_of(pilot).splitlines()[1]
        assert "is lost" not in text_of(pilot)
