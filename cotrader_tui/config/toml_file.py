"""The configuration file, and on which line each of its keys stands, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from cotrader_tui.errors import ConfigError

Keys = tuple[str, ...]
"""A key after those of the tables around it."""

_LONG_TEXT = r'"{3}(?:\\[\s\S]|[^\\])*?"{3,5}|' r"'{3}[\s\S]*?'{3,5}"
_SHORT_TEXT = r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'"
_QUOTED = re.compile(rf"(?P<long>{_LONG_TEXT})|(?P<short>{_SHORT_TEXT})|(?P<comment>#[^\n]*)")
_SHORT = re.compile(_SHORT_TEXT)
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*({_KEY})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_KEY})[ \t]*=")


class TomlFile:
    """What a TOML file says, and where."""

    def __init__(self, path: Path, data: Mapping[str, Any], text: str = "") -> None:
        """`text` is what `data` was read from; without it no line is known."""
        self.path = path
        self.data = data
        self._text = text

    def find(self, *keys: str) -> object:
        """The value at `keys`, the tables first; `None` where there is none."""
        value: object = self.data
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def place(self, *keys: str) -> str:
        """Where the key stands, for messages: the file and, as far as it can be told, the line."""
        line = next((self._lines[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in self._lines), None)
        return str(self.path) if line is None else f"{self.path}, line {line}"

    @cached_property
    def _lines(self) -> Mapping[Keys, int]:
        """The first line of each key and table, counted from 1."""
        lines: dict[Keys, int] = {}
        for keys, line in _scanned(self._text):
            for end in range(1, len(keys) + 1):
                lines.setdefault(keys[:end], line)
        return lines


def _scanned(text: str) -> Iterator[tuple[Keys, int]]:
    """Each table and key with its line. What stands within a value over several lines is no key."""
    table: Keys = ()
    depth = 0
    for number, line in enumerate(_without_long_texts(text).split("\n"), start=1):
        if depth == 0:
            if found := _TABLE.match(line):
                table = _parts(found[1])
                yield table, number
                continue
            if found := _PAIR.match(line):
                yield (*table, *_parts(found[1])), number
        bare = _SHORT.sub("", line)
        depth += sum(bare.count(each) for each in "[{") - sum(bare.count(each) for each in "]}")


def _without_long_texts(text: str) -> str:
    """`text` with its comments and its texts of several lines blanked, line by line."""

    def blanked(found: re.Match[str]) -> str:
        return found["short"] or "\n" * found[0].count("\n")

    return _QUOTED.sub(blanked, text)


def _parts(key: str) -> Keys:
    """The parts of a dotted key, without their quotes."""
    parts: list[str] = []
    value: object = tomllib.loads(f"{key} = 0")
    while isinstance(value, dict):
        (name, value), *_ = value.items()
        parts.append(name)
    return tuple(parts)


def read_toml(path: Path, *, is_required: bool) -> TomlFile:
    """The file at `path`; an empty one where there is none and none `is_required`.

    Raises:
        ConfigError: it cannot be read, is no TOML, or is missing and required.
    """
    try:
        text = path.read_text("utf-8")
        return TomlFile(path, tomllib.loads(text), text)
    except FileNotFoundError as error:
        if is_required:
            raise ConfigError(
                f"There is no configuration file {path}.",
                "Check --config or COTRADER_CONFIG, or run `cotrader config init`.",
            ) from error
        return TomlFile(path, {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Mend the file, or move it away.") from error
