"""`cotrader serve`: the demo in a browser's part, who is refused, what a tab can do, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from tests.end_to_end.conftest import Machine, ends, eventually
from tests.end_to_end.serving import Served, opened, serve
from tests.terminal.processes import environ_of, ours

CANARIES = {
    "TASTYTRADE_CLIENT_SECRET": "canary-serve-secret",
    "TT_REFRESH": "canary-serve-grant",
    "TASTYTRADE_PASSWORD": "canary-serve-password",
    "COTRADER_PASSPHRASE": "canary-serve-passphrase",
}
FOREIGN = "http://shares.example"


def sessions(machine: Machine) -> list[int]:
    """The processes behind tabs."""
    return [pid for pid, words in ours(machine.home).items() if "serve --session" in words]


@pytest.fixture(scope="module")
def served(shared_machine: Machine) -> Iterator[Served]:
    shared_machine.environ |= CANARIES
    assert shared_machine.run("--demo", "sync").code == 0
    made = serve(shared_machine, "--demo")
    yield made
    made.process.kill()
    made.process.wait()


async def status(served: Served, address: str, **headers: str) -> int:
    async with ClientSession() as browser, browser.get(address, headers=headers) as answer:
        return answer.status


async def handshake(served: Served, address: str, origin: str | None, **headers: str) -> int:
    """The status of a websocket's opening; 101 where it opens."""
    async with ClientSession() as browser:
        try:
            async with browser.ws_connect(address, origin=origin, headers=headers):
                return 101
        except WSServerHandshakeError as error:
            return error.status


# What is served


async def test_the_page_loads_nothing_that_is_not_served_here(served: Served) -> None:
    async with ClientSession() as browser, browser.get(served.address) as answer:
        page, headers = await answer.text(), answer.headers
        hosts = set(re.findall(r"(?:https?|wss?)://[^/\"' ]+", page))
        assert hosts == {served.origin, served.origin.replace("http", "ws")}
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
        loaded = re.findall(rf"(?:src=|href=|url\()\"({re.escape(served.address)}[^\"]+)\"", page)
        assert {address.rpartition(".")[2] for address in loaded} == {"js", "css", "ttf"}
        assert {await status(served, address) for address in loaded} == {200}


async def test_a_tab_shows_the_book_and_obeys_keys(served: Served) -> None:
    async with opened(served) as tab:
        await tab.shows("AAPL")
        await tab.shows("READ-ONLY")
        assert "DEMO" in tab.text
        await tab.press("2")
        await tab.shows("Underlying")


async def test_two_tabs_are_two_screens(served: Served, shared_machine: Machine) -> None:
    async with opened(served) as first, opened(served) as second:
        await first.shows("AAPL")
        await second.shows("AAPL")
        await first.press("4")
        await first.shows("Maintenance")
        assert "Maintenance" not in second.text
        assert len(sessions(shared_machine)) == 2
    eventually(lambda: sessions(shared_machine) == [], "the tabs' processes end with them")


async def test_quitting_the_screen_closes_the_tabs_connection(served: Served) -> None:
    async with opened(served) as tab:
        await tab.shows("AAPL")
        await tab.press("q")
        await tab.until(lambda: tab.is_closed, "it is not closed")


# Who is refused


async def test_without_the_address_nobody_sees_anything(served: Served) -> None:
    for path in ("/", "/ws", "/static/js/textual.js", "/guess/", "/guess/ws", served.address[len(served.origin) : -2]):
        assert await status(served, served.origin + path) == 403
    assert await handshake(served, f"{served.origin}/ws", served.origin) == 403
    assert await handshake(served, f"{served.origin}/guess/ws", served.origin) == 403


async def test_a_page_of_another_site_is_refused_though_it_knew_the_address(served: Served) -> None:
    for foreign in (FOREIGN, "null", f"http://localhost:{served.port}", f"http://127.0.0.1:{served.port + 1}"):
        assert await status(served, served.address, Origin=foreign) == 403
        assert await handshake(served, f"{served.address}ws", foreign) == 403
    assert await handshake(served, f"{served.address}ws", None) == 403
    assert await handshake(served, f"{served.address}ws", served.origin) == 101


async def test_a_foreign_name_that_leads_here_is_refused(served: Served) -> None:
    for host in ("shares.example", f"shares.example:{served.port}", f"localhost:{served.port}", "127.0.0.1"):
        assert await status(served, served.address, Host=host) == 403
        assert await handshake(served, f"{served.address}ws", served.origin, Host=host) == 403


def test_it_listens_at_one_address_of_this_machine_only(served: Served) -> None:
    socket.create_connection(("127.0.0.1", served.port), 2).close()
    for other in ("127.0.0.2", "::1"):  # whoever listens everywhere answers there too
        with pytest.raises(OSError, match=r"refused|unreachable|not supported|Cannot assign"):
            socket.create_connection((other, served.port), 2).close()


# What a tab cannot do


async def test_a_tab_writes_nothing(served: Served, shared_machine: Machine) -> None:
    def files() -> set[Path]:
        return {path for path in shared_machine.root.rglob("*") if "demo.db" not in path.name}

    before = files()
    async with opened(served) as tab:
        await tab.shows("AAPL")
        await tab.press("r", "R", "e", "S", "o", "v", "2")
        await tab.shows("Underlying")
        await tab.press(":")
        await tab.shows("Search for commands")
        await tab.press(*"save view mine")
        await tab.shows("Save view mine")
        await tab.press("\r")
        await tab.shows("The view mine is saved.")
        await tab.press(":")
        await tab.shows("Search for commands")
        await tab.press(*"connect tas")
        await tab.shows("No matches found")
    assert files() == before
    with closing(sqlite3.connect(f"file:{shared_machine.data / 'demo.db'}?mode=ro", uri=True)) as connection:
        assert connection.execute("SELECT count(*) FROM sync_requests").fetchone() == (0,)


async def test_a_tabs_process_is_given_no_secret(served: Served, shared_machine: Machine) -> None:
    async with opened(served) as tab:
        await tab.shows("AAPL")
        (pid,) = sessions(shared_machine)
        environ = environ_of(pid)
    assert environ["HOME"] == str(shared_machine.home)
    assert not any("canary" in f"{name}{value}" for name, value in environ.items())
    assert served.address.split("/")[-2] not in " ".join((*ours(shared_machine.home).values(), *environ.values()))


# How it ends


async def test_a_screen_that_cannot_start_closes_its_tab_and_says_why(machine: Machine) -> None:
    served = serve(machine, "--demo")
    settings = machine.root / "config" / "cotrader" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('theme = "western')
    async with opened(served) as tab:
        await tab.until(lambda: tab.is_closed, "it is not closed")
    served.process.terminate()
    assert served.process.stdout is not None
    assert served.process.stdout.read() == "", "standard output has the address, and nothing else"
    assert ends_as_text(served, 2) == 0
    assert "config.toml" in (machine.root / "serve.err").read_text()


def test_without_a_broker_it_says_what_to_do_next(machine: Machine) -> None:
    served = serve(machine)
    served.process.terminate()
    assert ends_as_text(served, 2) == 0
    words = (machine.root / "serve.err").read_text()
    assert "No broker is configured: the page shows what is stored.\nRun `cotrader connect tastytrade`" in words


async def test_sigterm_ends_the_server_and_its_tabs_within_a_second(machine: Machine) -> None:
    assert machine.run("--demo", "sync").code == 0
    served = serve(machine, "--demo")
    async with opened(served) as tab:
        await tab.shows("AAPL")
        served.process.send_signal(signal.SIGTERM)
        assert ends_as_text(served, 1) == 0
        assert sessions(machine) == []
        await tab.until(lambda: tab.is_closed, "it is not closed")
    eventually(lambda: ours(machine.home) == {}, "its engine ends too", within=3)


async def test_a_tab_ends_with_a_server_that_was_killed(machine: Machine) -> None:
    assert machine.run("--demo", "sync").code == 0
    served = serve(machine, "--demo", "--privacy")
    async with opened(served) as tab:
        await tab.shows("PRIVACY")
        served.process.kill()
        served.process.wait()
        eventually(lambda: ours(machine.home) == {}, "its tabs and its engine end too", within=3)


def ends_as_text(served: Served, within: float) -> int:
    return ends(served.process, within)  # type: ignore[arg-type]  # its output is text, which changes nothing


# What is refused on the command line


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--host", "0.0.0.0"), "it is for this machine only"),
        (("--host", "::"), "it is for this machine only"),
        (("--port", "80"), "no port from 1024 to 65535"),
        (("--port", "many"), "no port from 1024 to 65535"),
    ],
)
def test_what_cannot_be_served_is_told_in_words(machine: Machine, option: tuple[str, str], words: str) -> None:
    answer = machine.run("--demo", "serve", *option)
    assert (answer.code, answer.out) == (2, "")
    assert words in " ".join(answer.err.split())


def test_a_port_that_is_taken_is_told_in_words(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = machine.run("--demo", "serve", "--port", taken.getsockname()[1])
    assert answer.code == 2
    assert "cannot be used: Address already in use.\nName another with --port" in answer.err


def test_where_the_library_is_missing_it_is_told_what_to_install(machine: Machine) -> None:
    program = "import sys; sys.modules['textual_serve'] = None; from cotrader_tui.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "--demo", "serve"],
        cwd=machine.here,
        env=machine.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "`cotrader serve` needs textual-serve, which is not installed." in done.stderr
    assert "pip install 'cotrader-tui[serve]'" in done.stderr
