"""Rows on stdout: exact JSON and CSV for programs, an aligned table for people."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import TextIO

from cotrader_tui.commands.rows import AMOUNT_KEYS, Row, Value
from cotrader_tui.domain.markdown import markdown_table
from cotrader_tui.domain.text import MASK, UNKNOWN, visible

FLOAT_PLACES = 4
"""Decimal places of Greeks and other floats in the table; JSON and CSV never round."""


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


def write_rows(rows: Sequence[Row], keys: Sequence[str], form: Format, out: TextIO) -> None:
    """Write `rows`, which all have `keys`, to `out`; of no rows the table for people has no header either."""
    if form is Format.JSON:
        _write_json(rows, out)
    elif form is Format.CSV:
        _write_csv(rows, keys, out)
    elif form is Format.MARKDOWN:
        _write_markdown(rows, keys, out)
    elif rows:
        _write_table(rows, keys, out)


def tell_if_none(rows: Sequence[Row], form: Format, err: TextIO) -> None:
    """Say to `err` that there is nothing, where `write_rows` writes nothing."""
    if form is Format.TEXT and not rows:
        err.write("There is nothing to list.\n")


def masked(rows: Sequence[Row]) -> list[Row]:
    """The same rows with every known amount as a mask; prices, percentages, days and IV stay."""
    return [
        {key: MASK if key in AMOUNT_KEYS and value is not None else value for key, value in row.items()} for row in rows
    ]


def number_text(value: Decimal | float) -> str | None:
    """A number exactly and in plain notation, as JSON wants it; `None` where it is no number (NaN, infinity)."""
    if isinstance(value, int):
        return str(value)
    if not isfinite(value):
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    return format(exact or exact.copy_abs(), "f")  # a product with a short quantity may be -0


def _text(value: Value) -> str | None:
    """The one text of a value that JSON and CSV share; `None` where it is unknown."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return number_text(value)


def _write_json(rows: Sequence[Row], out: TextIO) -> None:
    import simplejson  # 10 ms that only JSON pays

    def encoded(value: Value) -> object:
        text = _text(value)
        if text is None or isinstance(value, str | date):
            return text
        return simplejson.RawJSON(text)  # a Decimal of its own would be written as 1E+3

    lines = [simplejson.dumps({key: encoded(value) for key, value in row.items()}) for row in rows]
    out.write("[" + ",\n ".join(lines) + "]\n")


def _write_csv(rows: Sequence[Row], keys: Sequence[str], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(keys)
    for row in rows:
        texts = (_text(row[key]) for key in keys)
        writer.writerow(["" if text is None else visible(text) for text in texts])


def _write_markdown(rows: Sequence[Row], keys: Sequence[str], out: TextIO) -> None:
    texts = (("" if text is None else visible(text) for text in (_text(row[key]) for key in keys)) for row in rows)
    out.writelines(f"{line}\n" for line in markdown_table(keys, map(tuple, texts), _are_right(rows, keys)))


def _are_right(rows: Sequence[Row], keys: Sequence[str]) -> list[bool]:
    """Which columns hold figures."""
    return [any(_is_number(row[key]) for row in rows) or key in AMOUNT_KEYS for key in keys]


def _write_table(rows: Sequence[Row], keys: Sequence[str], out: TextIO) -> None:
    cells = [[_cell(row[key]) for key in keys] for row in rows]
    widths = [max(len(key), *(len(line[at]) for line in cells)) for at, key in enumerate(keys)]
    is_right = _are_right(rows, keys)
    for line in (keys, *cells):
        aligned = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, is_right, strict=True)
        )
        out.write("  ".join(aligned).rstrip() + "\n")


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _cell(value: Value) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, float) and isfinite(value):
        return f"{value:z.{FLOAT_PLACES}f}"
    text = _text(value)
    return UNKNOWN if text is None else visible(text)
