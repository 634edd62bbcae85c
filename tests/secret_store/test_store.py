"""Secrets go to the system's keyring where one works, else to the encrypted file; never to both, never in clear."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from cotrader_tui.brokers.base import Secret
from cotrader_tui.errors import ConfigError
from cotrader_tui.secret_store.store import SecretStore
from cotrader_tui.secret_store.system_keyring import SystemKeyring
from tests.end_to_end.conftest import eventually
from tests.secret_store.keyrings import (
    ChattyKeyring,
    ForgetfulKeyring,
    MemoryKeyring,
    PlainFileKeyring,
    WaitingKeyring,
    in_place,
    no_keyring,
    null_keyring,
)

GRANT = {"client_secret": Secret("canary-secret-31"), "refresh_token": Secret("canary-token-32")}

UNFIT: list[Callable[[], KeyringBackend]] = [
    no_keyring,
    null_keyring,
    ForgetfulKeyring,
    PlainFileKeyring,
    ChattyKeyring,
]


def clear_texts(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]


def test_a_working_keyring_keeps_them_and_no_file_is_made(tmp_path: Path) -> None:
    backend = MemoryKeyring()
    with in_place(backend):
        assert SecretStore(tmp_path).put("ira", GRANT) == "the system keyring"
        assert SecretStore(tmp_path).get("ira", ["client_secret", "refresh_token"]) == GRANT
    assert list(backend.kept) == [("cotrader", "ira")]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("unfit", UNFIT)
def test_a_keyring_that_does_not_keep_them_means_the_file(
    unfit: Callable[[], KeyringBackend], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = unfit()
    with caplog.at_level(logging.DEBUG), in_place(backend):
        where = SecretStore(tmp_path).put("ira", GRANT)
        assert SecretStore(tmp_path).get("ira", GRANT) == GRANT
    assert str(tmp_path / "secrets.json") in where
    assert not getattr(backend, "kept", {})
    assert clear_texts(tmp_path) == []
    assert "canary" not in where + caplog.text


def test_a_keyring_that_waits_for_somebody_is_given_up(tmp_path: Path) -> None:
    with in_place(WaitingKeyring()):
        store = SecretStore(tmp_path, keyring=SystemKeyring(answers_within=0.05))
        assert "did not answer in time" in store.put("ira", GRANT)
        assert store.get("ira", GRANT) == GRANT


@pytest.mark.parametrize(("again_after", "words"), [(3600.0, "did not answer in time"), (0.0, "are not stored")])
def test_a_keyring_that_failed_is_asked_again_later_only(again_after: float, words: str, tmp_path: Path) -> None:
    backend = WaitingKeyring()
    with in_place(backend):
        store = SecretStore(tmp_path, keyring=SystemKeyring(answers_within=0.05, again_after=again_after))
        with pytest.raises(ConfigError, match="did not answer in time"):
            store.get("ira", GRANT)
        backend.opened.set()
        # On a busy machine a thread may take longer than 0.05 s to answer.
        eventually(lambda: words in refusal_of(store), words)


def refusal_of(store: SecretStore) -> str:
    with pytest.raises(ConfigError) as refusal:
        store.get("ira", GRANT)
    return str(refusal.value)


def test_a_keyring_that_has_come_takes_them_out_of_the_file(tmp_path: Path) -> None:
    with in_place(no_keyring()):
        SecretStore(tmp_path).put("ira", GRANT)
    renewed = {name: Secret(f"{secret.reveal()}-renewed") for name, secret in GRANT.items()}
    with in_place(MemoryKeyring()):
        SecretStore(tmp_path).put("ira", renewed)
        assert SecretStore(tmp_path).get("ira", GRANT) == renewed
    assert list(tmp_path.iterdir()) == []


def test_a_keyring_that_has_gone_leaves_the_newest_ones_in_the_file(tmp_path: Path) -> None:
    backend = MemoryKeyring()
    with in_place(backend):
        SecretStore(tmp_path).put("ira", {"client_secret": Secret("old"), "refresh_token": Secret("old")})
    with in_place(no_keyring()):
        SecretStore(tmp_path).put("ira", GRANT)
    with in_place(backend):
        assert SecretStore(tmp_path).get("ira", GRANT) == GRANT


def test_wiping_wipes_both_places(tmp_path: Path) -> None:
    backend = MemoryKeyring()
    with in_place(backend):
        SecretStore(tmp_path).put("ira", GRANT)
    with in_place(no_keyring()):
        SecretStore(tmp_path).put("ira", GRANT)
    with in_place(backend):
        SecretStore(tmp_path).remove("ira")
        with pytest.raises(ConfigError, match="are not stored"):
            SecretStore(tmp_path).get("ira", GRANT)
    assert backend.kept == {}
    assert list(tmp_path.iterdir()) == []


def test_wiping_what_may_be_in_a_keyring_that_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    with in_place(no_keyring()), pytest.raises(ConfigError, match="cannot be wiped"):
        SecretStore(tmp_path).remove("ira")


def test_secrets_that_cannot_be_found_say_where_was_looked(tmp_path: Path) -> None:
    with in_place(no_keyring()), pytest.raises(ConfigError, match=r"secrets\.json, and the system keyring") as found:
        SecretStore(tmp_path).get("ira", GRANT)
    assert "cotrader connect" in found.value.hint


@pytest.mark.parametrize("text", ["canary", "[]", '{"client_secret": "canary"}'])
def test_secrets_that_are_not_whole_are_told_without_repeating_them(text: str, tmp_path: Path) -> None:
    backend = MemoryKeyring()
    backend.set_password("cotrader", "ira", text)
    with in_place(backend), pytest.raises(ConfigError, match="not whole") as refusal:
        SecretStore(tmp_path).get("ira", GRANT)
    assert "canary" not in str(refusal.value)
    assert refusal.value.__suppress_context__
