"""The saved views of the screen, as a file in the configuration folder: beside the user's own settings, not in them."""

from __future__ import annotations

from pathlib import Path

from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import write_private

_NAME = "views.json"


class ViewsFile:
    """One text, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    @property
    def place(self) -> str:
        """The path."""
        return str(self._path)

    def read(self) -> str:
        """The text; empty where there is no file.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise ConfigError(f"{self._path} cannot be read: {reason}.", "Mend the file, or remove it.") from error

    def write(self, text: str) -> None:
        """Put `text` in the place of what was there, whole or not at all.

        Raises:
            ConfigError: it cannot be written.
        """
        write_private(self._path, text)


class ViewsRead(ViewsFile):
    """The same views, for a screen that writes nothing: what is saved there lasts as long as that screen."""

    def write(self, text: str) -> None:
        """Nothing is kept."""
