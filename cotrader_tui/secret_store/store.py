"""The secrets of named connections: kept, read and wiped, wherever they are."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from cotrader_tui.brokers.base import Secret
from cotrader_tui.errors import ConfigError
from cotrader_tui.secret_store.encrypted_file import EncryptedFile
from cotrader_tui.secret_store.system_keyring import KeyringError, SystemKeyring


class SecretStore:
    """Secrets by connection: in the system's keyring where one works, else in an encrypted file. Never in both."""

    def __init__(self, folder: Path, passphrase: Secret | None = None, keyring: SystemKeyring | None = None) -> None:
        """`folder` is the configuration folder, `passphrase` the encrypted file's where its owner wants one."""
        self._file = EncryptedFile(folder, passphrase)
        self._keyring = keyring or SystemKeyring()
        self._one_at_a_time = threading.Lock()

    def put(self, name: str, secrets: Mapping[str, Secret]) -> str:
        """Keep the secrets of connection `name`, in place of its former ones; says where, in words.

        Raises:
            ConfigError: they cannot be kept.
        """
        text = json.dumps({each: secret.reveal() for each, secret in secrets.items()})
        try:
            self._keyring.put(name, text)
        except KeyringError as error:
            self._file.put(name, text)
            return f"the encrypted file {self._file.path} (the system keyring is not used: {error})"
        self._file.remove(name)
        return "the system keyring"

    def get(self, name: str, wanted: Iterable[str]) -> dict[str, Secret]:
        """The `wanted` secrets of connection `name`. Threads may ask at the same time.

        Raises:
            ConfigError: they are not all there, or cannot be read; the words say why.
        """
        with self._one_at_a_time:  # making a key of a passphrase takes 128 MB
            return _chosen(name, self._text(name), wanted)

    def _text(self, name: str) -> str:
        text = self._file.get(name)
        try:
            text = self._keyring.get(name) if text is None else text
        except KeyringError as error:
            raise ConfigError(
                f"The secrets of {name} are not in {self._file.path}, and the system keyring cannot be asked: {error}.",
                f"Open the keyring, or run `cotrader connect` for {name} again.",
            ) from None
        if text is None:
            raise ConfigError(f"The secrets of {name} are not stored.", f"Run `cotrader connect` for {name} again.")
        return text

    def remove(self, name: str) -> None:
        """Wipe the secrets of connection `name`, if there are any.

        Raises:
            ConfigError: some may be left.
        """
        was_in_file = self._file.remove(name)
        try:
            self._keyring.remove(name)
        except KeyringError as error:
            if not was_in_file:
                raise ConfigError(
                    f"The secrets of {name} cannot be wiped from the system keyring: {error}.",
                    "Open the keyring, or run this where it works.",
                ) from None

    def needs_passphrase(self) -> bool:
        """Whether the encrypted file can only be used with a passphrase that was not given."""
        return self._file.needs_passphrase()


def _chosen(name: str, text: str, wanted: Iterable[str]) -> dict[str, Secret]:
    try:
        stored = json.loads(text)
        return {each: Secret(str(stored[each])) for each in wanted}
    except (KeyError, TypeError, ValueError):
        # The causes' own words might repeat a secret.
        raise ConfigError(
            f"The stored secrets of {name} are not whole.", f"Run `cotrader connect` for {name} again."
        ) from None
