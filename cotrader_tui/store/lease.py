"""One engine per database: an exclusive `flock` beside the file, which the kernel frees however its holder ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from cotrader_tui.errors import StoreError
from cotrader_tui.store.files import PRIVATE_FILE


def lock_path(database: Path) -> Path:
    """The lock file of `database`."""
    return database.with_name(database.name + ".lock")


class Lease:
    """The right to sync one database. Not re-entrant; freed by `release`, by `with`, or by the process's end."""

    def __init__(self, database: Path) -> None:
        self._path = lock_path(database)
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lease if nobody holds it; says whether it is held now.

        Raises:
            StoreError: the lock file cannot be made.
        """
        if self._descriptor is not None:
            return True
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise StoreError(
                f"The lock file {self._path} cannot be opened: {error.strerror}.",
                "Make the database's folder writable, or name another place with --db or COTRADER_DB.",
            ) from error

    def release(self) -> None:
        """Give the lease back. The file stays: removing it would let two holders in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(database: Path) -> bool:
    """Whether some engine syncs `database` right now. Looks with a shared lock, so it never disturbs a holder."""
    try:
        descriptor = os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
