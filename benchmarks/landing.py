"""What landing a large book costs: one cycle beside raw `executemany` of the very rows it wrote.

    python benchmarks/landing.py [--positions N] [--rounds N]

Every round lands an answer in which 5 % of the positions and of the marks have moved and every quote and all Greeks
were received anew, and takes the difference it made to the file, row by row. The same difference is then applied to a
second file by `executemany` from prepared tuples: plain UPDATEs of the differing columns and INSERTs, in one
transaction, with the same schema, indexes and pragmas. Both files hold the same afterwards. Target: 1.5 × raw.
"""

from __future__ import annotations

import argparse
import gc
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cotrader_tui.store.writer import Writer
from tests.sync.moving_book import MovingBook
from tests.sync.support import MINUTE, DiskBook

Rows = Mapping[str, Mapping[tuple[Any, ...], Mapping[str, Any]]]
"""By table, then by primary key: the row."""
Batch = tuple[str, list[tuple[Any, ...]]]
"""A statement and its values."""


def content(path: Path) -> Rows:
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: dict(_rows(connection, table)) for table in tables if not table.startswith(("sqlite", "_"))}


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    keys = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})") if row["pk"]]
    for row in connection.execute(f"SELECT * FROM {table}"):
        yield tuple(row[key] for key in keys), {f'"{name}"': row[name] for name in row.keys()}  # noqa: SIM118


def batches(before: Rows, after: Rows, path: Path) -> list[Batch]:
    """What `executemany` needs to make `before` of a file into `after`; a table's rows are kept in their order."""
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    with sqlite3.connect(path) as connection:
        for table, rows in after.items():
            keys = [f'"{row[1]}"' for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
            for key, row in rows.items():
                old = before[table].get(key)
                if old is None:
                    marks = ", ".join("?" * len(row))
                    found[f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"].append(tuple(row.values()))
                elif changed := {name: value for name, value in row.items() if value != old[name]}:
                    names, where = (" = ?, ".join(changed), " = ? AND ".join(keys))
                    found[f"UPDATE {table} SET {names} = ? WHERE {where} = ?"].append((*changed.values(), *key))
    return list(found.items())


def raw(writer: Writer, prepared: list[Batch]) -> float:
    """CPU milliseconds of one transaction of them, on a connection set up as the engine's."""
    started = time.process_time()
    with writer.transaction():
        for sql, values in prepared:
            writer._sqlite.executemany(sql, values)  # the limit to compare with goes past the writer's own methods
    return (time.process_time() - started) * 1000


def landing(book: DiskBook, moving: MovingBook) -> float:
    """CPU milliseconds of one cycle, from its first `running` row to the commit."""
    answer = moving.answer(book.later(MINUTE).clock.now)
    started = time.process_time()
    outcome = book.sync(answer)
    elapsed = (time.process_time() - started) * 1000
    assert outcome.error is None, outcome.error
    return elapsed


def rounds(folder: Path, positions: int, count: int) -> Iterator[tuple[float, float, list[Batch]]]:
    """CPU milliseconds of landing and of raw, and what was written, per round."""
    book, other = DiskBook(folder / "book.db"), folder / "raw.db"
    moving = MovingBook(positions)
    landing(book, moving)
    with sqlite3.connect(book.path) as source, sqlite3.connect(other) as target:
        source.backup(target)
    with Writer(other) as writer:
        for _ in range(count):
            before = content(book.path)
            gc.freeze()  # what the benchmark remembers is no burden of an engine's
            ours = landing(book, moving)
            prepared = batches(before, content(book.path), book.path)
            gc.unfreeze()
            del before
            yield ours, raw(writer, prepared), prepared
    assert content(book.path) == content(other), "raw wrote other rows"
    book.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="What landing a large book costs.")
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = list(rounds(Path(name), options.positions, options.rounds))
    ours, limit = [each[0] for each in found], [each[1] for each in found]
    sys.stdout.write(f"{options.positions} positions, 5 % moved, {options.rounds} rounds in turn, CPU milliseconds\n\n")
    sys.stdout.write(f"{'':36}{'fastest':>9}{'median':>9}\n")
    for label, times in (("one cycle", ours), ("raw executemany of the same rows", limit)):
        sys.stdout.write(f"{label:36}{min(times):9.1f}{statistics.median(times):9.1f}\n")
    ratio = statistics.median(a / b for a, b in zip(ours, limit, strict=True))
    sys.stdout.write(f"{'ratio (target 1.5)':36}{min(ours) / min(limit):9.2f}{ratio:9.2f}\n\nrows written\n")
    for sql, values in found[-1][2]:
        sys.stdout.write(f"{len(values):7}  {sql.split(' VALUES')[0].split(' WHERE')[0][:100]}\n")


if __name__ == "__main__":
    main()
