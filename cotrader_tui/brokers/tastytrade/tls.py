"""The machine's trust in certificates, for every client of the process."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """The one context: reading the certificates takes some 25 ms and a megabyte for each client that has its own."""
    return httpx2.create_ssl_context()
