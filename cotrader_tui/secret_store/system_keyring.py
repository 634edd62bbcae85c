"""Secrets in the system's keyring, as far as one works."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import keyring
from keyring.backends.chainer import ChainerBackend

log = logging.getLogger(__name__)

SERVICE = "cotrader"
ANSWERS_WITHIN = 8.0
"""Seconds: a locked keyring may ask its owner to open it, where nobody may be."""

AGAIN_AFTER = 60.0
"""Seconds until a keyring that failed is asked again: an engine may ask for many connections at once."""

_RECOMMENDED = 1
"""From this priority on a back end keeps secrets safe; those below discard them, refuse them or write them in clear."""

_Answer = TypeVar("_Answer")


class KeyringError(Exception):
    """The keyring does not work here; the message says why and holds no secret."""


class SystemKeyring:
    """One text per name. After a failure it is left alone for a while."""

    def __init__(self, *, answers_within: float = ANSWERS_WITHIN, again_after: float = AGAIN_AFTER) -> None:
        """Both in seconds: how long to wait for an answer, and how long not to ask again after a failure."""
        self._answers_within = answers_within
        self._again_after = again_after
        self._refusal: tuple[float, str] | None = None

    def put(self, name: str, text: str) -> None:
        """Keep `text`, and read it back.

        Raises:
            KeyringError: it could not be kept; nothing of it is.
        """
        self._ask(lambda: keyring.set_password(SERVICE, name, text))
        if self._ask(lambda: keyring.get_password(SERVICE, name)) != text:
            self._ask(lambda: _delete(name))
            raise KeyringError("what was written could not be read back")

    def get(self, name: str) -> str | None:
        """The text, or `None` if the keyring has none of this name.

        Raises:
            KeyringError: it could not be asked.
        """
        return self._ask(lambda: keyring.get_password(SERVICE, name))

    def remove(self, name: str) -> None:
        """Wipe the text, if there is one.

        Raises:
            KeyringError: it could not be asked, or the text is still there.
        """
        self._ask(lambda: _delete(name))
        if self._ask(lambda: keyring.get_password(SERVICE, name)) is not None:
            raise KeyringError("the secret could not be wiped")

    def _ask(self, call: Callable[[], _Answer]) -> _Answer:
        """What `call` answers, waited for in a thread of its own: a back end may block for ever."""
        if self._refusal is not None and time.monotonic() < self._refusal[0]:
            raise KeyringError(self._refusal[1])
        answers: list[_Answer] = []
        failures: list[Exception] = []

        def run() -> None:
            try:
                _require_safe()
                answers.append(call())
            except Exception as error:  # noqa: BLE001 - a back end is anybody's plug-in
                failures.append(error)

        thread = threading.Thread(target=run, name="keyring", daemon=True)
        thread.start()
        thread.join(self._answers_within)
        if answers:
            return answers[0]
        why = _in_words(failures[0]) if failures else "it did not answer in time"
        self._refusal = (time.monotonic() + self._again_after, why)
        log.info("The system keyring is not used: %s", why)
        raise KeyringError(why)


def _require_safe() -> None:
    backend = keyring.get_keyring()
    chained = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    if not chained or min(each.priority for each in chained) < _RECOMMENDED:
        raise KeyringError("there is none that keeps secrets safe")


def _delete(name: str) -> None:
    if keyring.get_password(SERVICE, name) is not None:
        keyring.delete_password(SERVICE, name)


def _in_words(error: Exception) -> str:
    """Without the back end's own words, which might repeat what it was given."""
    return str(error) if isinstance(error, KeyringError) else f"it failed with {type(error).__name__}"
