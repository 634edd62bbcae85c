"""When somebody last used the screen of a database, as a file beside that database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import write_private

_ENDING = ".last-seen"


class SeenFile:
    """One instant, readable by its owner only."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + _ENDING)

    def read(self) -> datetime | None:
        """The instant; `None` where there is no file, or something else stands in it.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            found = datetime.fromisoformat(self._path.read_text(encoding="utf-8").strip())
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            raise ConfigError(f"{self._path} cannot be read: {error.strerror}.", "Remove the file.") from error
        return None if found.tzinfo is None else found

    def write(self, at: datetime) -> None:
        """Keep `at` in the place of what was there, whole or not at all.

        Raises:
            ConfigError: it cannot be written.
        """
        write_private(self._path, f"{at.isoformat()}\n")
