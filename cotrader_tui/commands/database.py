"""`cotrader db`: back the database up, bring a backup back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TextIO

from cotrader_tui.config import Settings
from cotrader_tui.store.backup import back_up, restore


def run_backup(settings: Settings, file: Path, err: TextIO) -> int:
    """Write a copy of the database to the new `file`; returns 0.

    Raises:
        StoreError: see `store.backup.back_up`.
    """
    back_up(settings.database, file.absolute())
    err.write(f"{settings.database} is backed up to {file}.\n")
    return 0


def run_restore(settings: Settings, file: Path, now: datetime, err: TextIO) -> int:
    """Put a copy of `file` in the database's place; returns 0.

    Raises:
        StoreError, ConfigError: see `store.backup.restore`.
    """
    kept = restore(settings.database, file.absolute(), now, is_demo=settings.is_demo)
    err.write(f"{settings.database} is now what {file} holds.\n")
    if kept is not None:
        err.write(f"The file that was there before is kept as {kept}.\n")
    return 0
