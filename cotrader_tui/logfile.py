"""The engine's log: small, private, and free of secrets."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from cotrader_tui.brokers.base import Secret
from cotrader_tui.errors import StoreError

BYTES_PER_FILE = 1_000_000
OLDER_FILES = 4
"""Beside the present one: five files in all."""

_never_written: set[str] = set()
"""Every secret this process has come to know."""

_BEARER = re.compile(r"(Bearer\s+)\S+", re.IGNORECASE)
_MASK = "****"


class _PrivateFile(RotatingFileHandler):
    """A rotating file only its owner can read."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(descriptor, 0o600)
        return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")  # noqa: PTH123 - a descriptor


class _Masking(logging.Formatter):
    """Writes a record with its traceback, secrets masked, control characters shown."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        # Longest first: one secret may be a part of another.
        for secret in sorted(_never_written.copy(), key=len, reverse=True):
            text = text.replace(secret, _MASK)
        return _BEARER.sub(rf"\1{_MASK}", text).replace("\x1b", "\\x1b")


def mask(secrets: Iterable[Secret]) -> None:
    """From now on, and as long as this process lives, none of `secrets` is written to a log."""
    _never_written.update(secret.reveal() for secret in secrets)


def log_to(path: Path, secrets: Iterable[Secret]) -> None:
    """Send this process's log to `path`: 5 files of 1 MB, mode 0600 in a folder of 0700.

    Raises:
        StoreError: the file cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _PrivateFile(path, maxBytes=BYTES_PER_FILE, backupCount=OLDER_FILES)
    except OSError as error:
        raise StoreError(f"The log file {path} cannot be written: {error.strerror}.", "Check its folder.") from error
    mask(secrets)
    handler.setFormatter(_Masking())
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("cotrader_tui").setLevel(logging.INFO)
