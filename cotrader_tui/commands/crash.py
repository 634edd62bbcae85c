"""An unexpected error: the traceback goes to the log file, one calm sentence to the person."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cotrader_tui.brokers.base import Secret

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700


def record_crash(error: BaseException, log_file: Path, secrets: Iterable[Secret], now: datetime) -> str:
    """Append the traceback of `error`, without local values and with `secrets` masked; returns what to tell."""
    text = "".join(traceback.format_exception(error))
    for secret in secrets:
        text = text.replace(secret.reveal(), "****")
    try:
        log_file.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE_FILE)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{now.isoformat()} ERROR unexpected\n{text}")
    except OSError as refusal:
        return f"Something unexpected went wrong ({type(error).__name__}), and {log_file} refused it: {refusal}."
    return f"Something unexpected went wrong ({type(error).__name__}). The details are in {log_file}."
