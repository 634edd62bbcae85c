"""What the stand-in can do wrong on request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

_BODIES: dict[int, Any] = {
    400: {"error": {"code": "validation_error", "message": "Request validation failed"}},
    401: {"error": {"code": "invalid_session", "message": "Session user not present. Unique identifier: 7d1c"}},
    403: {"error": {"code": "not_permitted", "message": "User not permitted access"}},
    404: {"error": {"code": "record_not_found", "message": "Couldn't find Account"}},
    406: {"error": {"code": 406, "message": "The requested version is not supported."}},
    422: {
        "error": {
            "code": "preflight_check_failure",
            "message": "One or more preflight checks failed",
            "errors": [{"code": "unprocessable", "message": "Cannot process the request."}],
        }
    },
    429: {"error": {"code": "too_many_requests", "message": "Too many requests"}},
    500: {"error": {"code": "internal_error", "message": "An internal error occurred"}},
    503: {"error": {"code": "service_unavailable", "message": "Service unavailable"}},
}

_HTML = "<html><head><title>{0} Bad Gateway</title></head><body><center><h1>{0}</h1></center>nginx</body></html>"


class FaultKind(Enum):
    ANSWER = auto()
    HANG = auto()
    CUT = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong answer to a request."""

    kind: FaultKind = FaultKind.ANSWER
    code: int = 200
    text: str = ""
    content_type: str = "application/json"
    seconds: float = 0.0

    @classmethod
    def status(cls, code: int) -> Fault:
        """The status with the JSON error body tastytrade sends for it."""
        return cls(code=code, text=json.dumps(_BODIES.get(code, {"error": {"code": "error", "message": "Error"}})))

    @classmethod
    def html(cls, code: int) -> Fault:
        """A gateway's page in place of an answer."""
        return cls(code=code, text=_HTML.format(code), content_type="text/html")

    @classmethod
    def body(cls, text: str, code: int = 200) -> Fault:
        """Exactly this text as an answer."""
        return cls(code=code, text=text)

    @classmethod
    def json(cls, value: object, code: int = 200) -> Fault:
        """Exactly this value as an answer."""
        return cls(code=code, text=json.dumps(value))

    @classmethod
    def hang(cls, seconds: float = 60.0) -> Fault:
        """No answer for so long (or until the server stops), then the right one."""
        return cls(FaultKind.HANG, seconds=seconds)

    @classmethod
    def cut(cls) -> Fault:
        """Half an answer, then the connection is gone."""
        return cls(FaultKind.CUT, text='{"data": {"items": [{"symbol": "AA')

    @classmethod
    def invalid_json(cls) -> Fault:
        return cls(text='{"data": {"items": [}')

    @classmethod
    def refused_grant(cls, code: str = "invalid_grant") -> Fault:
        """For `/oauth/token`."""
        return cls.json({"error_code": code, "error_description": "Grant revoked"}, code=400)


class StreamFault(Enum):
    """What a DXLink socket can do wrong."""

    REFUSE_UPGRADE = auto()
    """502 in place of a socket."""
    MUTE = auto()
    """The socket opens and never says anything."""
    REFUSE_TOKEN = auto()
    """Every quote token is refused, for ever."""
    SILENT = auto()
    """Everything is accepted, no data comes."""
    DROP = auto()
    """The connection breaks at the first subscription."""
    DROP_AFTER_FIRST = auto()
    """The connection breaks after the first symbol's data."""
    ODD_ROW = auto()
    """A data row is one value short."""
    FREEZE = auto()
    """After the quote token is accepted not one more frame comes, not even a keep-alive."""
    REFUSE_SUBSCRIPTION = auto()
    """The first subscription is answered with an error."""
    CLOSE_CHANNEL = auto()
    """The first subscription closes its channel."""


class AlertFault(Enum):
    """What a socket of the account streamer can do wrong."""

    REFUSE_UPGRADE = auto()
    """502 in place of a socket."""
    MUTE = auto()
    """The socket opens, and nothing is ever answered."""
    REFUSE_ACCOUNTS = auto()
    """Subscribing to accounts is answered with an error."""
    DROP = auto()
    """The connection breaks at the subscription."""
    ODD_FRAMES = auto()
    """Every message comes with what no client knows before it: no object, an unknown kind, no JSON."""
