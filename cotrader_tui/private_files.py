"""Files of the configuration folder that only their owner may read: written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cotrader_tui.errors import ConfigError

CONNECTIONS = "connections.json"
SECRETS = "secrets.json"
KEY = "secrets.key"

_PRIVATE_FOLDER = 0o700


def private_files(folder: Path) -> tuple[Path, ...]:
    """Where named connections, their encrypted secrets and the key to them are kept, present or not."""
    return (folder / CONNECTIONS, folder / SECRETS, folder / KEY)


def write_private(path: Path, text: str) -> None:
    """Write `path` (0600), in a folder made 0700 where there is none. A former file stays until the new one is whole.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
        try:
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused(path, error) from error


def remove_private(path: Path) -> None:
    """Remove `path` if it is there.

    Raises:
        ConfigError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While one program changes these files, another that wants to change them waits.

    Raises:
        ConfigError: the folder cannot be made or opened.
    """
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path} cannot be written: {error.strerror or type(error).__name__}.",
        "Check the folder, its permissions and the free space.",
    )
