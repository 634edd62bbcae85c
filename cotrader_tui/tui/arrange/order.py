"""The order of rows: by one column, stable, what is unknown last; rows below others stay with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal

from cotrader_tui.tui.arrange.grammar import Value, exactly


def by_value(keys: Iterable[str], value: Callable[[str], Value], *, is_reversed: bool = False) -> list[str]:
    """`keys` by their values; equal ones as they were, those without a value last in both directions."""
    known: list[tuple[Decimal | str, str]] = []
    unknown: list[str] = []
    for key in keys:
        comparable = _comparable(value(key))
        if comparable is None:
            unknown.append(key)
        else:
            known.append((comparable, key))
    # Texts after figures, where a column has both.
    known.sort(key=lambda each: (isinstance(each[0], str), each[0]), reverse=is_reversed)
    return [key for _, key in known] + unknown


def _comparable(value: Value) -> Decimal | str | None:
    if isinstance(value, str):
        return value.casefold() or None
    return exactly(value)


def kept(keys: Sequence[str], parent: Callable[[str], str | None], is_shown: Callable[[str], bool]) -> tuple[str, ...]:
    """Those of `keys` that are shown, and the rows they stand below."""
    found = {key for key in keys if is_shown(key)}
    found |= {above for key in found if (above := parent(key)) is not None}
    return tuple(key for key in keys if key in found)


def family(
    keys: Sequence[str], parent: Callable[[str], str | None], sort: Callable[[Collection[str]], Sequence[str]]
) -> tuple[str, ...]:
    """`keys` sorted by `sort`, the rows below another one among themselves."""
    below: dict[str | None, list[str]] = {}
    for key in keys:
        below.setdefault(parent(key), []).append(key)
    ordered: list[str] = []
    for key in sort(below.get(None, [])):
        ordered.append(key)
        ordered += sort(below.get(key, []))
    return tuple(ordered)
