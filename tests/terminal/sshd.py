"""A real sshd on loopback, and a client that gets a terminal on it."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from getpass import getuser
from pathlib import Path

from tests.terminal.emulator import Terminal
from tests.terminal.tools import needed

PACKAGE = "openssh-server"
_STARTS = 3
_UP_WITHIN = 10.0
_SERVER = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/user_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
"""


class Sshd:
    """A server with keys and settings of its own in `folder`; it lets in whoever runs the tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server, self._client = needed("sshd", PACKAGE), needed("ssh", "openssh-client")
        folder.mkdir()
        for name in ("host_key", "user_key"):
            command = [
                needed("ssh-keygen", "openssh-client"),
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                str(folder / name),
            ]
            subprocess.run(command, check=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it when root starts it
        self.port, self._process = self._started()

    def _started(self) -> tuple[int, subprocess.Popen[bytes]]:
        """Another program may take the port between the look and the start."""
        for _ in range(_STARTS):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = int(free.getsockname()[1])
            (self._folder / "sshd_config").write_text(_SERVER.format(port=port, folder=self._folder))
            with (self._folder / "log").open("wb") as log:
                command = [self._server, "-D", "-e", "-f", str(self._folder / "sshd_config")]
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            if self._is_up(process):
                return port, process
            process.kill()
            process.wait()
        raise AssertionError(f"sshd does not start:\n{self.log}")

    def _is_up(self, process: subprocess.Popen[bytes]) -> bool:
        end = time.monotonic() + _UP_WITHIN
        while process.poll() is None and time.monotonic() < end:
            if "Server listening" in self.log:
                return True
            threading.Event().wait(0.02)
        return False

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    def open(
        self, command: str, columns: int = 140, lines: int = 40, term: str = "xterm-256color", *options: str
    ) -> Terminal:
        """`ssh -tt` running a shell command, in a terminal of its own."""
        to = ["-p", str(self.port), "-l", getuser(), "127.0.0.1"]
        words: Sequence[str] = [self._client, "-tt", *self._settings, *options, *to, command]
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self._folder)}
        return Terminal(words, environ, self._folder, columns, lines, term)

    @property
    def _settings(self) -> list[str]:
        options = {
            "IdentityFile": str(self._folder / "user_key"),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": os.devnull,
            "GlobalKnownHostsFile": os.devnull,
            "LogLevel": "ERROR",
        }
        return ["-F", "none", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
