"""What the TWS stand-in can do wrong on request."""

from __future__ import annotations

from enum import Enum, auto


class HandshakeFault(Enum):
    """What can go wrong before the API is ready."""

    MUTE = auto()
    """The socket opens and nothing is said: a dialog waits for an answer."""
    CLOSE = auto()
    """The socket is closed at once: the address is not trusted."""
    NO_ACCOUNTS = auto()
    """Everything but the accounts is said: the log-in is not finished."""
    DECLINE = auto()
    """The socket is closed where the accounts should follow: somebody answered no."""
    TOO_OLD = auto()


class PositionsFault(Enum):
    MUTE = auto()
    """Neither rows nor an end."""
    NO_END = auto()
    """All rows, but no end."""
    DROP = auto()
    """The connection breaks after the first half of the rows."""
    LATE = auto()
    """The first half; the rest and the end only when the next request for positions comes, before its answer."""
