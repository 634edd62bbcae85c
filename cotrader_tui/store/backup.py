"""Copies of the database: made while an engine runs, and put back when none does."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cotrader_tui.errors import ConfigError, CorruptStoreError, StoreError, StoreLockedError
from cotrader_tui.store.connect import BUSY_SECONDS, open_for_reading
from cotrader_tui.store.files import PRIVATE_FILE, in_words, make_folder
from cotrader_tui.store.lease import Lease
from cotrader_tui.store.reader import Reader


def check_database(path: Path) -> int:
    """The schema version of `path` after reading all of it.

    Raises:
        StoreMissingError, NewerSchemaError, StoreLockedError, StoreError: as named.
        CorruptStoreError: it is damaged, or a database of some other program.
    """
    opened = open_for_reading(path)
    with closing(opened), _in_words(path):
        found = [str(row[0]) for row in opened.sqlite.execute("PRAGMA quick_check(3)")]
        if found != ["ok"]:
            raise CorruptStoreError(
                f"The database {path} is damaged: {'; '.join(found)}.",
                "Bring a backup back with `cotrader db restore FILE`, or move the file away and sync anew.",
            )
        return int(opened.sqlite.execute("PRAGMA user_version").fetchone()[0])


def back_up(database: Path, target: Path) -> None:
    """Write a whole, compact copy of `database`, as of now, to the new file `target` (0600). An engine may run.

    Raises:
        StoreMissingError: there is nothing to copy.
        StoreError: `target` exists or cannot be written; nothing is left of it then.
    """
    opened = open_for_reading(database)
    with closing(opened):
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        except FileExistsError as error:
            raise StoreError(
                f"The file {target} exists.", "A backup overwrites nothing: name another file, or move it away."
            ) from error
        except OSError as error:
            raise _refused(target, error) from error
        try:
            _copy(opened.sqlite, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """VACUUM INTO a file beside `target`, then take its place: an interrupted copy never looks like a whole one."""
    part = target.with_name(target.name + ".part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE))
        with _in_words(part):
            connection.execute("VACUUM INTO ?", (str(part),))
        _flush(part)
        part.replace(target)
        _flush(target.parent)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        part.unlink(missing_ok=True)


def restore(database: Path, source: Path, now: datetime, *, is_demo: bool) -> Path | None:
    """Put a copy of `source` in the place of `database`, and return where the present file was kept (if there was one).

    Raises:
        ConfigError: `source` is a demo and `is_demo` is false, or the other way round.
        StoreError: `source` is not a whole cotrader database of this or an older version, an engine or a screen uses
            `database`, or the files cannot be written. `database` is then as it was.
    """
    if not source.exists():
        raise StoreError(f"There is no file {source}.", "Name the backup to bring back.")
    if database.exists() and source.samefile(database):
        raise StoreError(f"{source} is the database itself.", "Name the backup to bring back.")
    check_database(source)
    _refuse_other_kind(source, is_demo=is_demo)
    make_folder(database)
    with Lease(database) as lease:
        if not lease.acquire():
            raise _engine_runs(database)
        return _replace(database, source, now)


def _refuse_other_kind(source: Path, *, is_demo: bool) -> None:
    with Reader(source) as reader:
        holds_demo = reader.property_value("demo_epoch") is not None
    if holds_demo and not is_demo:
        raise ConfigError(f"{source} is a backup of the demo.", "Use `cotrader --demo db restore FILE`.")
    if is_demo and not holds_demo:
        raise ConfigError(f"{source} is a backup of real accounts, not of the demo.", "Leave --demo out.")


def _replace(database: Path, source: Path, now: datetime) -> Path | None:
    fresh = _beside(database, ".restoring")
    fresh.unlink(missing_ok=True)
    try:
        back_up(source, fresh)
        kept = _set_aside(database, now) if database.exists() else None
        fresh.replace(database)
        _flush(database.parent)
    except OSError as error:
        raise _refused(database, error) from error
    finally:
        fresh.unlink(missing_ok=True)
    return kept


def _set_aside(database: Path, now: datetime) -> Path:
    """Give the present file a second name. Its log is folded into it first: SQLite would take it for the new file's."""
    kept = _beside(database, f".before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    log, index = _beside(database, "-wal"), _beside(database, "-shm")
    _fold_log(database)
    try:
        os.link(database, kept)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(database, kept)  # a file system without hard links
    kept.chmod(PRIVATE_FILE)
    if log.exists():
        log.replace(_beside(kept, "-wal"))
    index.unlink(missing_ok=True)
    return kept


def _fold_log(database: Path) -> None:
    """Write the log into `database` and remove it, which needs it to be nobody else's; a damaged file keeps its log.

    Raises:
        StoreLockedError: another program, such as a screen, has it open.
    """
    with closing(sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if isinstance(in_words(error, database), StoreLockedError):
                raise StoreLockedError(
                    f"The database {database} is open in another program.",
                    "Quit every cotrader that shows it, then restore again.",
                ) from error
            raise in_words(error, database) from error
        except sqlite3.DatabaseError:
            return


def _engine_runs(database: Path) -> StoreError:
    try:
        with Reader(database) as reader:
            holder = reader.lease()
    except StoreError:
        holder = None
    if holder is None:
        return StoreError(f"An engine is syncing {database}.", "Quit the screen or the daemon that runs it.")
    return StoreError(
        f"The engine with pid {holder.pid} on {holder.host} is syncing {database}.",
        f"Quit the screen that started it, or end the daemon with `kill {holder.pid}`; then restore again.",
    )


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _flush(path: Path) -> None:
    """Make a file, or a folder's list of files, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be written: {error.strerror or error}.", "Check the folder, its permissions and the free space."
    )


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise in_words(error, path) from error
