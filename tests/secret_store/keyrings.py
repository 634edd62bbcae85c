"""Back ends of keyring for tests, and the way to put one in the place of the machine's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail, null


class MemoryKeyring(KeyringBackend):
    """A keyring that works and forgets everything with the process."""

    priority = 5.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class ForgetfulKeyring(MemoryKeyring):
    """It takes everything and cuts it short."""

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password[:10]


class PlainFileKeyring(MemoryKeyring):
    """It works, but its makers do not recommend it, as keyrings.alt's file in clear."""

    priority = 0.5


class ChattyKeyring(MemoryKeyring):
    """It fails and repeats in its words what it was given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")


class WaitingKeyring(MemoryKeyring):
    """It waits until somebody opens it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.opened.wait()

    def get_password(self, service: str, username: str) -> str | None:
        self.opened.wait()
        return None


def no_keyring() -> KeyringBackend:
    """What keyring takes where the system has none: it fails."""
    return fail.Keyring()  # type: ignore[no-untyped-call]


def null_keyring() -> KeyringBackend:
    """What keyring takes where somebody has switched it off: it forgets at once."""
    return null.Keyring()  # type: ignore[no-untyped-call]


@contextmanager
def in_place(backend: KeyringBackend) -> Iterator[None]:
    """Within, `backend` is the system's keyring."""
    former = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(former)
