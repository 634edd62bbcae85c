"""What the migrations share."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.db import Table


def table(db: Database, name: str) -> Table:
    """The table `name`, made or to be made."""
    found = db[name]
    assert isinstance(found, Table)
    return found
