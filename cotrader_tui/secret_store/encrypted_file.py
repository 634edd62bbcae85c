"""Secrets in a file encrypted with Fernet, its key in a file beside it or made of a passphrase."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from cotrader_tui.brokers.base import Secret
from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import KEY, SECRETS, locked, remove_private, write_private

PASSPHRASE = "COTRADER_PASSPHRASE"

_SCRYPT = {"n": 2**17, "r": 8, "p": 1}
"""OWASP's parameters of 2023: 128 MB and about half a second for each guess."""
_SALT_BYTES = 16
_AGAIN = "Run `cotrader connect` for its connections again after moving it away."


@dataclass(slots=True)
class EncryptedFile:
    """One text per name in `folder`/secrets.json.

    With a passphrase everything is encrypted with it from the next `put` on; without one, with the key file, which the
    first `put` makes. Names are in clear, texts are not.
    """

    folder: Path
    passphrase: Secret | None = None
    _keys: dict[str, Fernet] = field(default_factory=dict)
    """By salt: making one of a passphrase is slow on purpose."""
    _parsed: tuple[tuple[int, int], dict[str, Any]] | None = None
    """What the file of that inode and time holds: an engine asks once for each of its connections."""

    @property
    def path(self) -> Path:
        return self.folder / SECRETS

    def put(self, name: str, text: str) -> None:
        """Encrypt and keep `text`, and read it back.

        Raises:
            ConfigError: the file or its key cannot be read or written, or the passphrase is not the file's.
        """
        with locked(self.folder):
            stored = self._read()
            texts = {each: self._decrypt(each, stored) for each in stored["secrets"] if each != name}
            how = self._how_to_encrypt(stored)
            key = self._key(how, is_new=not texts)
            tokens = {each: key.encrypt(kept.encode()).decode() for each, kept in {**texts, name: text}.items()}
            write_private(self.path, json.dumps({"key": how, "secrets": tokens}, indent=2) + "\n")
            if how["kind"] == "passphrase":
                remove_private(self.folder / KEY)
        if self.get(name) != text:
            raise ConfigError(f"{self.path} could not be read back.", "Check the disk.")

    def get(self, name: str) -> str | None:
        """The text, or `None` if the file has none of this name.

        Raises:
            ConfigError: the file or its key cannot be read, or the passphrase is not the file's.
        """
        stored = self._read()
        return self._decrypt(name, stored) if name in stored["secrets"] else None

    def remove(self, name: str) -> bool:
        """Wipe the text; with the last one go the file and its key. Says whether there was one. Needs no passphrase.

        Raises:
            ConfigError: the file cannot be read or written.
        """
        if not self.path.exists():
            return False
        with locked(self.folder):
            stored = self._read()
            if stored["secrets"].pop(name, None) is None:
                return False
            if stored["secrets"]:
                write_private(self.path, json.dumps(stored, indent=2) + "\n")
            else:
                remove_private(self.path)
                remove_private(self.folder / KEY)
            return True

    def needs_passphrase(self) -> bool:
        """Whether what is in the file can only be read with a passphrase that was not given."""
        return self.passphrase is None and self._read()["key"].get("kind") == "passphrase"

    # The file

    def _read(self) -> dict[str, Any]:
        try:
            status = self.path.stat()
            version = (status.st_ino, status.st_mtime_ns)
            if self._parsed is None or self._parsed[0] != version:
                self._parsed = (version, json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return {"key": {}, "secrets": {}}
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self.path} cannot be read: {type(error).__name__}.", _AGAIN) from error
        stored = self._parsed[1]
        if not (isinstance(stored, dict) and all(isinstance(stored.get(part), dict) for part in ("key", "secrets"))):
            raise ConfigError(f"{self.path} is not a file of secrets of this program.", _AGAIN)
        return {"key": stored["key"], "secrets": dict(stored["secrets"])}

    def _decrypt(self, name: str, stored: Mapping[str, Any]) -> str:
        try:
            return self._key(stored["key"]).decrypt(str(stored["secrets"][name]).encode()).decode()
        except InvalidToken:
            what = f"with the passphrase in {PASSPHRASE}" if self._is_by_passphrase(stored) else "with its key file"
            raise ConfigError(
                f"The secret of {name} in {self.path} cannot be decrypted {what}.", f"Check that. {_AGAIN}"
            ) from None

    # The key

    @staticmethod
    def _is_by_passphrase(stored: Mapping[str, Any]) -> bool:
        return bool(stored["key"].get("kind") == "passphrase")

    def _how_to_encrypt(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        if self._is_by_passphrase(stored) and stored["secrets"]:
            return dict(stored["key"])
        if self.passphrase is None:
            return {"kind": "file"}
        return {"kind": "passphrase", "salt": base64.b64encode(os.urandom(_SALT_BYTES)).decode(), **_SCRYPT}

    def _key(self, how: Mapping[str, Any], *, is_new: bool = False) -> Fernet:
        try:
            return self._of_passphrase(how) if how.get("kind") == "passphrase" else self._of_file(is_new=is_new)
        except (KeyError, TypeError, ValueError, MemoryError):
            # The causes' own words might repeat a piece of the key.
            raise ConfigError(f"The key to {self.path} is damaged.", _AGAIN) from None

    def _of_passphrase(self, how: Mapping[str, Any]) -> Fernet:
        if self.passphrase is None:
            raise ConfigError(
                f"{self.path} is encrypted with a passphrase.", f"Set {PASSPHRASE} in the environment to it."
            )
        salt = str(how["salt"])
        if salt not in self._keys:
            kdf = Scrypt(base64.b64decode(salt, validate=True), 32, int(how["n"]), int(how["r"]), int(how["p"]))
            self._keys[salt] = Fernet(base64.urlsafe_b64encode(kdf.derive(self.passphrase.reveal().encode())))
        return self._keys[salt]

    def _of_file(self, *, is_new: bool) -> Fernet:
        path = self.folder / KEY
        try:
            return Fernet(path.read_text("ascii").strip())
        except FileNotFoundError:
            if not is_new:
                raise ConfigError(f"There is no {path}, the key to {self.path}.", f"Bring it back. {_AGAIN}") from None
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
        made = Fernet.generate_key().decode()
        write_private(path, made + "\n")
        return Fernet(made)
