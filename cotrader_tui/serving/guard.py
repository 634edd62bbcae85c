"""Who may see what is served: only pages of our own, by an address that only this machine's owner was told."""

from __future__ import annotations

from secrets import compare_digest

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

HOST = "127.0.0.1"
_OURS_ONLY = (
    "default-src 'none'; script-src 'self'; font-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_REFUSED = "This is not for you. Open the whole address that `cotrader serve` printed, as it is.\n"


def origin(port: int) -> str:
    """How a browser calls pages of ours."""
    return f"http://{HOST}:{port}"


def guard(port: int, token: str) -> Middleware:
    """Refuses every request but those of a browser that was given the address.

    Three things must hold. The path begins with the secret `token`: other users of this machine, and pages of other
    sites, do not know it. The Host is ours: a foreign name that was made to lead here (DNS rebinding) is refused. The
    Origin is ours wherever a browser tells it, and a websocket, which any page may open, must tell it.
    """
    ours = origin(port)

    def is_welcome(request: web.Request) -> bool:
        first = request.path.partition("/")[2].partition("/")[0]
        told = request.headers.getall("Origin", [])
        is_page_ours = all(each == ours for each in told) and (bool(told) or "Upgrade" not in request.headers)
        is_host_ours = request.headers.getall("Host", []) == [f"{HOST}:{port}"]
        return is_host_ours and is_page_ours and compare_digest(first.encode(), token.encode())

    @web.middleware
    async def refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_welcome(request):
            raise web.HTTPForbidden(text=_REFUSED)
        return await handler(request)

    return refuse_strangers


def headers(port: int) -> dict[str, str]:
    """For every answer: nothing is fetched from elsewhere, framed, kept or told to others.

    Inline styles are xterm.js's way of drawing.
    """
    sockets = origin(port).replace("http", "ws", 1)
    return {
        "Content-Security-Policy": f"{_OURS_ONLY}; style-src 'self' 'unsafe-inline'; connect-src {sockets}",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
