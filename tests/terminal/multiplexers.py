"""tmux and GNU screen, each a server of its own that ends with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.terminal.emulator import Terminal
from tests.terminal.tools import needed

_TMUX = """
set -g default-terminal {term}
set -s set-clipboard on
set -s escape-time 20
set -g status off
set -g default-shell /bin/sh
"""
_SCREEN = """
startup_message off
defutf8 on
shell /bin/sh
term {term}
"""


class Multiplexer:
    """A session that outlives the terminals it is seen in. Sockets lie in a short path, which they need."""

    def __init__(self, environ: Mapping[str, str], cwd: Path) -> None:
        self._cwd = cwd
        self._folder = Path(tempfile.mkdtemp(prefix="cotrader-"))
        self._environ = dict(environ)
        self._terminals: list[Terminal] = []

    def _open(self, words: Sequence[str], columns: int, lines: int, term: str) -> Terminal:
        terminal = Terminal(words, self._environ, self._cwd, columns, lines, term)
        self._terminals.append(terminal)
        return terminal

    def _tell(self, *words: str) -> str:
        environ = {**self._environ, "TERM": "xterm"}
        done = subprocess.run(words, env=environ, cwd=self._cwd, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout

    def _end(self) -> None:
        for terminal in self._terminals:
            terminal.__exit__(None, None, None)
        shutil.rmtree(self._folder)


class Tmux(Multiplexer):
    """A tmux server whose windows are of the type `term`."""

    def __init__(self, environ: Mapping[str, str], cwd: Path, term: str = "tmux-256color") -> None:
        program = needed("tmux", "tmux")
        super().__init__(environ, cwd)
        (self._folder / "conf").write_text(_TMUX.format(term=term))
        self._command = [program, "-u", "-f", str(self._folder / "conf"), "-S", str(self._folder / "socket")]

    def start(
        self, command: Sequence[str], columns: int = 140, lines: int = 40, term: str = "xterm-256color"
    ) -> Terminal:
        """A session that runs `command`, seen in a terminal of the type `term`."""
        return self._open([*self._command, "new-session", "-s", "book", *command], columns, lines, term)

    def attach(self, columns: int = 140, lines: int = 40, term: str = "xterm-256color") -> Terminal:
        return self._open([*self._command, "attach", "-t", "book"], columns, lines, term)

    def tell(self, *words: str) -> str:
        """A command to the server; returns what it prints."""
        return self._tell(*self._command, *words)

    @property
    def picture(self) -> str:
        """What tmux itself has of the window."""
        return self.tell("capture-pane", "-p", "-t", "book")

    def end(self) -> None:
        subprocess.run([*self._command, "kill-server"], env=self._environ, capture_output=True, check=False)
        self._end()


class GnuScreen(Multiplexer):
    """A GNU screen whose windows are of the type `term`."""

    def __init__(self, environ: Mapping[str, str], cwd: Path, term: str = "screen") -> None:
        program = needed("screen", "screen")
        super().__init__(environ, cwd)
        (self._folder / "rc").write_text(_SCREEN.format(term=term))
        (self._folder / "sockets").mkdir(mode=0o700)
        self._environ["SCREENDIR"] = str(self._folder / "sockets")
        self._environ["SYSSCREENRC"] = os.devnull
        self._command = [program, "-U", "-c", str(self._folder / "rc")]

    def start(
        self, command: Sequence[str], columns: int = 140, lines: int = 40, term: str = "xterm-256color"
    ) -> Terminal:
        """A session that runs `command`, seen in a terminal of the type `term`."""
        return self._open([*self._command, "-S", "book", *command], columns, lines, term)

    def attach(self, columns: int = 140, lines: int = 40, term: str = "xterm-256color") -> Terminal:
        return self._open([*self._command, "-r", "book"], columns, lines, term)

    def tell(self, *words: str) -> str:
        """A command to the session."""
        return self._tell(*self._command, "-S", "book", "-X", *words)

    def end(self) -> None:
        words = [*self._command, "-S", "book", "-X", "quit"]
        subprocess.run(words, env=self._environ, capture_output=True, check=False)
        self._end()
