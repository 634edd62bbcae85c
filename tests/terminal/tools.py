"""Programs that a test needs and a contributor's machine may lack."""

from __future__ import annotations

import os
import shutil

import pytest

_ALSO_IN = ("/usr/sbin", "/usr/local/sbin", "/sbin")
"""Where servers lie, which is not on everybody's path."""


def needed(program: str, package: str) -> str:
    """The path of `program`. Without it the test is skipped, and where CI is set it fails."""
    path = shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO_IN)))
    if path is not None:
        return path
    sentence = f"This test needs {program}: install the package {package} (Debian's name)."
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)
