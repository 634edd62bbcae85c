"""`cotrader completion`: a script for each shell; bash completes with its own."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import RunCommand


@pytest.fixture
def script(cotrader: RunCommand, tmp_path: Path) -> Path:
    path = tmp_path / "completion.bash"
    path.write_text(cotrader("completion", "bash").out)
    return path


def completed(script: Path, line: str) -> set[str]:
    """What bash offers behind `line`, whose last word is being typed."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    program = (
        f"source {shlex.quote(str(script))}; COMP_WORDS=({' '.join(map(shlex.quote, words))})\n"
        f"COMP_CWORD={len(words) - 1}; _shtab_cotrader cotrader {shlex.quote(words[-1])}\n"
        "printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, cwd=script.parent, check=False)
    return {word.strip() for word in done.stdout.splitlines() if word.strip()}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("cotrader pos", {"positions"}),
        ("cotrader positions --", {"--json", "--csv", "--all", "--help"}),
        ("cotrader config ", {"init", "show"}),
        ("cotrader status --format ", {"text", "tmux", "json"}),
        ("cotrader export trans", {"transactions"}),
        ("cotrader db backup compl", {"completion.bash"}),
    ],
)
def test_bash_completes_commands_options_choices_and_files(script: Path, line: str, offered: set[str]) -> None:
    assert completed(script, line) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shells_script_knows_the_commands_and_nothing_that_is_not_shown(shell: str, cotrader: RunCommand) -> None:
    finished = cotrader("completion", shell)
    assert finished.code == 0
    assert all(word in finished.out for word in ("sync-log", "backup", "portfolio", "markdown"))
    assert "until-stdin-closes" not in finished.out
    assert not any(path in finished.out for path in (str(Path.home()), str(Path.cwd())))


def test_another_shell_is_refused(cotrader: RunCommand) -> None:
    assert cotrader("completion", "tcsh").code == 2
