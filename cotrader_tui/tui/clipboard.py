"""How text gets to the clipboard of the terminal a person sits at (OSC 52), also through GNU screen.

GNU screen prints the end of an OSC it finds too long over the picture. What comes as a device control string it hands
on as it is, in pieces short enough for its buffer. tmux takes an OSC as it is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping

_PIECE = 256
"""Characters. GNU screen keeps a control string of up to some 700 bytes."""
_STRING, _END = "\x1bP", "\x1b\\"


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal so that `text` is copied. `environ` tells what the program runs in."""
    sequence = f"\x1b]52;c;{b64encode(text.encode()).decode()}\a"
    if not _is_in_gnu_screen(environ):
        return sequence
    return "".join(f"{_STRING}{piece}{_END}" for piece in _pieces(sequence))


def _is_in_gnu_screen(environ: Mapping[str, str]) -> bool:
    """Whether it is the innermost: in a tmux inside of GNU screen both are named, and only the type tells."""
    return "STY" in environ and not ("TMUX" in environ and environ.get("TERM", "").startswith("tmux"))


def _pieces(sequence: str) -> Iterator[str]:
    for start in range(0, len(sequence), _PIECE):
        yield sequence[start : start + _PIECE]
