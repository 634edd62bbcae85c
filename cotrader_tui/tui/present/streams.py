"""What is wrong with the market data between two syncs: a word for the header, a sentence with the next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from cotrader_tui.analytics.freshness import in_use
from cotrader_tui.analytics.streams import is_of, worth_a_word
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.figures import WARN
from cotrader_tui.tui.present.text import Line, Piece
from cotrader_tui.tui.present.times import age, since


def trouble_word(status: StreamStatus | None, now: datetime) -> str:
    """`refused`, `in part`…; empty for a stream that does well, or of which nothing is known."""
    if status is None or not worth_a_word(status, now):
        return ""
    return "in part" if status.state in (StreamState.LIVE, StreamState.CLOSED) else status.state


def trouble_words(status: StreamStatus | None, now: datetime) -> str:
    """The same with its sign and since when, as the header has it."""
    word = trouble_word(status, now)
    return f"≈ stream {word} {age(since(status.since, now))}" if status is not None and word else ""


def trouble_lines(name: str, statuses: Mapping[str, StreamStatus | None], now: datetime) -> Iterator[Line]:
    """What is wrong with the stream of the connection `name` and what to do; then which others are in trouble.

    `statuses` are those of all connections by name that may be in trouble.
    """
    status = statuses.get(name)
    if status is not None and (words := trouble_words(status, now)):
        yield (Piece(visible(f"{name} {words}. {status.message}".rstrip()), WARN),)
    others = [visible(each) for each, other in statuses.items() if each != name and trouble_word(other, now)]
    if others:
        yield (Piece(f"≈ stream troubled too: {', '.join(others)}.", WARN),)


def stream_sentences(
    before: PortfolioSnapshot | None, after: PortfolioSnapshot, now: datetime
) -> Iterator[tuple[str, bool]]:
    """What turned from one book to the next, also from none at all, and whether it is trouble."""
    known = {} if before is None else _statuses(before)
    for name, status in _statuses(after).items():
        was, word = trouble_word(known.get(name), now), trouble_word(status, now)
        if word and word != was:
            yield visible(f"{name}: stream {word}. {status.message}".rstrip()), True
        elif was and not word:
            yield visible(f"{name}: stream {status.state}, and whole again."), False


def _statuses(snapshot: PortfolioSnapshot) -> dict[str, StreamStatus]:
    """By the connection's name, those that the engine holding the lease has written."""
    streams = {each.name: each.stream for each in in_use(snapshot.connections)}
    return {
        name: status
        for name, status in streams.items()
        if status is not None and not snapshot.is_frozen and is_of(snapshot.lease, status)
    }
