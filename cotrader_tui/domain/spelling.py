"""What somebody who misspelt a name may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` is most like, if it is like any."""
    from difflib import get_close_matches  # only those who misspell pay for it

    found = get_close_matches(name, tuple(known), n=1, cutoff=0.6)
    return found[0] if found else None


def meant(name: str, known: Iterable[str]) -> str:
    """A sentence with a blank behind it that names the nearest of `known`; empty where there is none."""
    found = nearest(name, known)
    return f"Did you mean {found}? " if found else ""
