"""`cotrader keys`: what a terminal really sends for each key, read as the screen reads it."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver

from cotrader_tui.domain.text import visible
from cotrader_tui.tui.key_names import canonical, warning
from cotrader_tui.tui.keymap import Keymap

_ENDING = frozenset({"q", "ctrl+c"})
_LOOK_EVERY = 0.02
_MOST_BYTES = 1024
_FLAGS = (
    linux_driver.KITTY_DISAMBIGUATE_ESCAPE_CODES
    | linux_driver.KITTY_REPORT_ALL_KEYS
    | linux_driver.KITTY_REPORT_ASSOCIATED_TEXT
)
"""The keyboard protocol the screen asks for, where a terminal has it."""
HEAD = "Press a key to see what arrives. q or ctrl+c, twice in a row, ends this.\n"


class KeyReader:
    """Turns what a terminal sends into lines about keys."""

    def __init__(self, keymap: Keymap) -> None:
        self._keymap = keymap
        self._parser = XTermParser()
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._sent = ""
        self._last = ""
        self.is_done = False
        """Whether the keys that end it were pressed."""

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines of the keys that end within `data`."""
        for character in self._decode(data):
            self._sent += character
            yield from self._lines(event for event in self._parser.feed(character) if isinstance(event, events.Key))

    def tick(self) -> Iterator[str]:
        """The line of a key that is known only because nothing followed: escape by itself."""
        yield from self._lines(event for event in self._parser.tick() if isinstance(event, events.Key))

    def _lines(self, pressed: Iterator[events.Key]) -> Iterator[str]:
        for event in pressed:
            name = _name(event)
            self.is_done = name in _ENDING and name == self._last
            self._last = name
            sent, self._sent = self._sent, ""
            yield self._line(name, event.key, sent)

    def _line(self, name: str, textual: str, sent: str) -> str:
        action = self._keymap.action_of(name)
        words = "no action" if action is None else f"{action.id}: {action.description}"
        caution = f" ({name} {warning(name)})" if warning(name) else ""
        own = "" if textual == name else f"  {textual}"
        return f"{visible(name):<14}  {_escaped(sent):<16}  {words}{caution}{own}".rstrip()


def _name(event: events.Key) -> str:
    """The key as a keymap calls it."""
    if event.is_printable and event.character is not None and "+" not in event.key:
        return canonical(event.character) or event.key
    return canonical(event.key) or event.key


def _escaped(sent: str) -> str:
    """The bytes as one would write them in a text."""
    return repr(sent.encode())[2:-1].replace(" ", "\\x20")


def read_keys(keymap: Keymap) -> None:
    """Print a line for each key pressed on this process's terminal, until two of a kind end it or the input does."""
    reader, source = KeyReader(keymap), sys.stdin.fileno()
    _say(HEAD)
    with _keyboard(source):
        while not reader.is_done:
            if not select.select([source], [], [], _LOOK_EVERY)[0]:
                _tell(reader.tick())
                continue
            data = os.read(source, _MOST_BYTES)
            if not data:
                return
            _tell(reader.feed(data))


def _tell(lines: Iterator[str]) -> None:
    for line in lines:
        _say(f"{line}\n")


def _say(text: str) -> None:
    sys.stdout.write(text.replace("\n", "\r\n"))
    sys.stdout.flush()


@contextmanager
def _keyboard(source: int) -> Iterator[None]:
    """The keyboard in the mode the screen has it in."""
    before = termios.tcgetattr(source)
    try:
        tty.setraw(source)
        if not constants.DISABLE_KITTY_KEY:
            _say(f"\x1b[>{_FLAGS}u")
        yield
    finally:
        if not constants.DISABLE_KITTY_KEY:
            _say("\x1b[<u")
        termios.tcsetattr(source, termios.TCSADRAIN, before)
