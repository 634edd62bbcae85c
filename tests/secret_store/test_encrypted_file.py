"""The encrypted file: what it keeps, who can read it, and what it says when it cannot be read."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import Secret
from cotrader_tui.errors import ConfigError
from cotrader_tui.secret_store.encrypted_file import EncryptedFile

CANARY = "canary-refresh-token-77aa"
PHRASE = Secret("canary correct horse")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "cotrader"


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("passphrase", [None, PHRASE], ids=["key file", "passphrase"])
def test_what_was_put_is_there_for_the_next_program_and_in_no_file_in_clear(
    passphrase: Secret | None, folder: Path
) -> None:
    EncryptedFile(folder, passphrase).put("ira", CANARY)
    EncryptedFile(folder, passphrase).put("joint", f"{CANARY}-2")
    later = EncryptedFile(folder, passphrase)
    assert (later.get("ira"), later.get("joint"), later.get("other")) == (CANARY, f"{CANARY}-2", None)
    assert b"canary" not in bytes_below(folder)


def test_only_its_owner_may_read_the_file_the_key_and_the_folder(folder: Path) -> None:
    EncryptedFile(folder).put("ira", CANARY)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"cotrader": 0o700, "secrets.json": 0o600, "secrets.key": 0o600}


def test_the_key_is_made_once(folder: Path) -> None:
    EncryptedFile(folder).put("ira", CANARY)
    key = (folder / "secrets.key").read_bytes()
    EncryptedFile(folder).put("joint", CANARY)
    assert (folder / "secrets.key").read_bytes() == key


def test_with_a_passphrase_no_key_lies_beside_the_file(folder: Path) -> None:
    EncryptedFile(folder).put("ira", CANARY)
    EncryptedFile(folder, PHRASE).put("joint", "second")
    assert not (folder / "secrets.key").exists()
    assert EncryptedFile(folder, PHRASE).get("ira") == CANARY
    with pytest.raises(ConfigError, match="COTRADER_PASSPHRASE"):
        EncryptedFile(folder).get("ira")


def test_a_wrong_passphrase_reads_nothing_and_mixes_nothing_in(folder: Path) -> None:
    EncryptedFile(folder, PHRASE).put("ira", CANARY)
    before = (folder / "secrets.json").read_bytes()
    wrong = EncryptedFile(folder, Secret("canary wrong"))
    with pytest.raises(ConfigError, match="cannot be decrypted with the passphrase") as refusal:
        wrong.get("ira")
    with pytest.raises(ConfigError, match="cannot be decrypted"):
        wrong.put("joint", "second")
    assert (folder / "secrets.json").read_bytes() == before
    assert "canary" not in str(refusal.value)


def test_a_forgotten_passphrase_is_replaced_with_the_only_secret_it_kept(folder: Path) -> None:
    EncryptedFile(folder, PHRASE).put("ira", CANARY)
    EncryptedFile(folder, Secret("another")).put("ira", "new")
    assert EncryptedFile(folder, Secret("another")).get("ira") == "new"


def test_it_tells_whether_it_waits_for_a_passphrase(folder: Path) -> None:
    assert not EncryptedFile(folder).needs_passphrase()
    EncryptedFile(folder, PHRASE).put("ira", CANARY)
    assert EncryptedFile(folder).needs_passphrase()
    assert not EncryptedFile(folder, PHRASE).needs_passphrase()


def test_with_the_last_secret_go_the_file_and_its_key(folder: Path) -> None:
    file = EncryptedFile(folder)
    file.put("ira", CANARY)
    file.put("joint", CANARY)
    assert file.remove("ira")
    assert not file.remove("ira")
    assert (file.get("ira"), file.get("joint")) == (None, CANARY)
    assert file.remove("joint")
    assert list(folder.iterdir()) == []
    assert not file.remove("joint")


def test_wiping_needs_no_passphrase(folder: Path) -> None:
    EncryptedFile(folder, PHRASE).put("ira", CANARY)
    assert EncryptedFile(folder).remove("ira")
    assert list(folder.iterdir()) == []


def test_a_lost_key_is_told_and_no_new_one_hides_it(folder: Path) -> None:
    file = EncryptedFile(folder)
    file.put("ira", CANARY)
    (folder / "secrets.key").unlink()
    with pytest.raises(ConfigError, match=r"There is no .*secrets\.key"):
        file.get("ira")
    with pytest.raises(ConfigError, match=r"There is no .*secrets\.key"):
        file.put("joint", CANARY)
    assert not (folder / "secrets.key").exists()


@pytest.mark.parametrize("key", ["", "short", "ä", "A" * 44])
def test_a_damaged_key_is_told_without_repeating_it(key: str, folder: Path) -> None:
    file = EncryptedFile(folder)
    file.put("ira", CANARY)
    (folder / "secrets.key").write_text(key, "utf-8")
    with pytest.raises(ConfigError) as refusal:
        file.get("ira")
    assert not key or key not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1, "secrets": {}}', '{"key": {}}'])
def test_a_file_of_another_kind_is_refused_and_kept(text: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "secrets.json").write_text(text)
    file = EncryptedFile(folder)
    uses: list[Callable[[], object]] = [
        lambda: file.get("ira"),
        lambda: file.put("ira", CANARY),
        lambda: file.remove("ira"),
    ]
    for use in uses:
        with pytest.raises(ConfigError, match=r"secrets\.json"):
            use()
    assert (folder / "secrets.json").read_text() == text


def test_a_secret_that_somebody_changed_is_not_believed(folder: Path) -> None:
    file = EncryptedFile(folder)
    file.put("ira", CANARY)
    stored = json.loads((folder / "secrets.json").read_text())
    token = stored["secrets"]["ira"]
    stored["secrets"]["ira"] = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    (folder / "secrets.json").write_text(json.dumps(stored))
    with pytest.raises(ConfigError, match="cannot be decrypted with its key file"):
        file.get("ira")


def test_encrypting_and_decrypting_with_the_key_file_take_less_than_100_ms(folder: Path) -> None:
    file = EncryptedFile(folder)
    file.put("ira", CANARY)
    assert min(_seconds(lambda: file.put("ira", CANARY)) for _ in range(5)) < 0.1
    assert min(_seconds(lambda: file.get("ira")) for _ in range(5)) < 0.1


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
