"""What can go wrong, in words: every error names the place and the next step."""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """The kinds of failure a sync run can carry."""

    AUTH = "auth"
    """The broker refused the credentials or the grant."""
    NETWORK = "network"
    """No answer: refused, timed out, cut off."""
    RATE_LIMIT = "rate_limit"
    """The broker asked for fewer calls."""
    BROKER = "broker"
    """The broker answered with an error of its own."""
    PAYLOAD = "payload"
    """The broker answered with something that cannot be read."""
    STORE = "store"
    """The database refused."""
    INTERNAL = "internal"
    """A fault of this program."""


class CotraderError(Exception):
    """An error a person can act on.

    `message` says what happened and where, `hint` what to do next. Neither ever contains a secret.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(CotraderError):
    """A setting, an argument or the combination of some is wrong (exit code 2)."""


class StoreError(CotraderError):
    """The database cannot be opened, read or written."""


class StoreMissingError(StoreError):
    """There is no database yet."""


class StoreLockedError(StoreError):
    """Another program holds the database longer than the busy time-out."""


class NewerSchemaError(StoreError):
    """The database was made by a newer version of this program."""


class CorruptStoreError(StoreError):
    """The file is not a database, or its pages are damaged."""


class SyncTimeoutError(StoreError):
    """The engine that syncs the database did not finish in time (exit code 4)."""


class BrokerError(CotraderError):
    """A broker could not be reached or understood.

    `is_transient` says whether trying again soon can help (429, 5xx, network faults);
    `is_grant_refused` that the credentials themselves were refused, which no retry mends.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        hint: str = "",
        *,
        is_transient: bool = False,
        is_grant_refused: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.kind = kind
        self.is_transient = is_transient
        self.is_grant_refused = is_grant_refused
