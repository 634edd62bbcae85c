"""The engine's log file: small, private, free of secrets."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import Secret
from cotrader_tui.errors import StoreError
from cotrader_tui.logfile import log_to

SECRETS = (Secret("canary-client-secret"), Secret("canary-refresh-token"))
log = logging.getLogger("cotrader_tui.tests")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("cotrader_tui")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        if handler not in handlers:
            handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "state" / "cotrader" / "cotrader.log"
    log_to(file, SECRETS)
    return file


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _write(size: int) -> None:
    """Log at least `size` bytes."""
    line = "x" * 9_900
    for _ in range(size // len(line) + 1):
        log.info(line)


def test_the_file_and_its_folder_are_private_from_the_first_line_on(path: Path) -> None:
    log.info("Syncing tastytrade")
    assert "Syncing tastytrade" in path.read_text()
    assert (_mode(path), _mode(path.parent)) == (0o600, 0o700)


def test_five_files_of_one_megabyte_are_kept_all_of_them_private(path: Path) -> None:
    before = os.umask(0)
    try:
        _write(7_000_000)
    finally:
        os.umask(before)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["cotrader.log", *(f"cotrader.log.{number}" for number in range(1, 5))]
    for file in files:
        assert _mode(file) == 0o600
        assert file.stat().st_size <= 1_000_000
    assert all(file.stat().st_size > 900_000 for file in files[1:])


def test_the_newest_lines_survive_a_rotation(path: Path) -> None:
    _write(1_500_000)
    log.info("the last line")
    assert path.read_text().endswith("the last line\n")


def test_a_file_others_could_read_is_made_private(tmp_path: Path) -> None:
    file = tmp_path / "cotrader.log"
    file.write_text("older\n")
    file.chmod(0o644)
    log_to(file, SECRETS)
    log.info("newer")
    assert _mode(file) == 0o600
    assert file.read_text().startswith("older\n")


def test_secrets_are_masked_in_messages_and_their_arguments(path: Path) -> None:
    log.warning("grant %s refused", "canary-refresh-token")
    log.warning("secret canary-client-secret, header %r", {"Authorization": "Bearer abc.def-ghi"})
    text = path.read_text()
    assert "canary" not in text
    assert "abc.def-ghi" not in text
    assert "grant **** refused" in text


def test_secrets_are_masked_in_tracebacks_and_their_causes(path: Path) -> None:
    try:
        try:
            raise ValueError("token canary-refresh-token")
        except ValueError as cause:
            raise RuntimeError("Authorization: Bearer eyJhbGciOi.J9") from cause
    except RuntimeError:
        log.exception("The sync failed")
    text = path.read_text()
    assert "ValueError: token ****" in text
    assert "RuntimeError" in text
    assert "canary" not in text
    assert "eyJhbGciOi" not in text


def test_secrets_are_masked_in_the_lines_of_other_libraries(path: Path) -> None:
    logging.getLogger("some.sdk").warning("POST /oauth/token canary-client-secret, bearer tok-12345678")
    text = path.read_text()
    assert "some.sdk" in text
    assert "canary" not in text
    assert "tok-12345678" not in text


def test_other_libraries_write_only_warnings(path: Path) -> None:
    logging.getLogger("some.sdk").info("chatter")
    log.info("ours")
    text = path.read_text()
    assert "chatter" not in text
    assert "ours" in text


def test_a_secret_inside_a_longer_one_does_not_leave_the_rest_of_it(tmp_path: Path) -> None:
    file = tmp_path / "cotrader.log"
    log_to(file, [Secret("canary"), Secret("canary-and-its-longer-sister")])
    log.info("told canary-and-its-longer-sister")
    assert "sister" not in file.read_text()


def test_escape_sequences_are_shown_as_text(path: Path) -> None:
    # Handed to the file alone: pytest would keep the line for its report, which a surrogate cannot be sent in.
    record = log.makeRecord(log.name, logging.INFO, "", 0, "symbol \x1b[31mRED and a lone surrogate \udcff", (), None)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            handler.handle(record)
    text = path.read_text()
    assert "\x1b" not in text
    assert "\\x1b[31mRED" in text


def test_a_second_call_writes_each_line_once(path: Path) -> None:
    log_to(path, SECRETS)
    log.info("once")
    assert path.read_text().count("once") == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "a-file"
    blocker.write_text("")
    with pytest.raises(StoreError) as caught:
        log_to(blocker / "cotrader.log", SECRETS)
    assert str(blocker / "cotrader.log") in caught.value.message
    assert caught.value.hint
