"""Requests to tastytrade through the SDK's session: statuses kept, transient faults tried again. GET only."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
from tastytrade import Session

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.brokers.tastytrade.errors import (
    TOKEN_PATH,
    AnswerError,
    answer_error,
    network_faults,
    unreadable,
)
from cotrader_tui.brokers.tastytrade.tls import trusted
from cotrader_tui.domain.clock import Clock
from cotrader_tui.errors import ConfigError

QUOTE_TOKEN_PATH = "/api-quote-tokens"
QUOTE_TOKEN_LIFE = timedelta(hours=20)

# The SDK sets its logger to DEBUG and writes frames and tokens there; the HTTP client logs every address.
for _name in ("tastytrade", "httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Api:
    """One log-in. Calls may run concurrently."""

    def __init__(self, config: ConnectionConfig, clock: Clock, policy: RetryPolicy, call_timeout: float) -> None:
        self._clock = clock
        self._policy = policy
        self._call_timeout = call_timeout
        self._session = Session(
            _secret(config, "client_secret"),
            _secret(config, "refresh_token"),
            is_test=config.options.get("is_sandbox") == "1",
            timeout=call_timeout,
            verify=trusted(),
            event_hooks={"response": [_raise_for_status]},
        )
        if address := config.options.get("api_url"):
            self._session._client.base_url = httpx2.URL(address)
        self._renewal = asyncio.Lock()
        self._quote_token: tuple[dict[str, Any], datetime] | None = None

    async def log_in(self) -> None:
        """Makes sure of an access token that lives for another minute.

        Raises:
            BrokerError: the grant was refused, or the token could not be fetched.
        """
        await self._policy.call(self._refresh, force=False)

    async def access_token(self) -> str:
        """An access token that lives for another minute, for a socket of the same log-in.

        Raises:
            BrokerError: as `log_in`.
        """
        await self.log_in()
        return str(self._session.session_token)

    async def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
        """The JSON object at `path`, its numbers exact decimals. A token that is refused is renewed once.

        Raises:
            BrokerError: it could not be fetched or is no JSON object.
        """
        await self.log_in()
        token = self._session.session_token
        try:
            return await self._policy.call(self._get, path, params)
        except AnswerError as error:
            if error.status != 401:
                raise
        await self._renew(token)
        return await self._policy.call(self._get, path, params)

    async def quote_token(self) -> dict[str, Any]:
        """`token` and `dxlink-url` for the market data stream; one answer is used for 20 hours.

        Raises:
            BrokerError: it could not be fetched or read.
        """
        if self._quote_token and self._clock() - self._quote_token[1] < QUOTE_TOKEN_LIFE:
            return self._quote_token[0]
        data = (await self.get(QUOTE_TOKEN_PATH)).get("data")
        if not isinstance(data, dict) or not all(isinstance(data.get(key), str) for key in ("token", "dxlink-url")):
            raise unreadable(QUOTE_TOKEN_PATH, "token or dxlink-url is missing")
        self._quote_token = (data, self._clock())
        return data

    def forget_quote_token(self) -> None:
        """Ask for a new one next time."""
        self._quote_token = None

    async def close(self) -> None:
        """Closes every connection."""
        await self._session._client.aclose()

    async def _get(self, path: str, params: Sequence[tuple[str, str]]) -> dict[str, Any]:
        with network_faults(path, self._call_timeout):
            async with asyncio.timeout(self._call_timeout):
                response = await self._session._client.get(path, params=list(params))
        return _json_object(path, response.content)

    async def _renew(self, refused: str) -> None:
        """A new access token in place of `refused`, fetched once however many calls ask for it."""
        async with self._renewal:
            if self._session.session_token == refused:
                await self._policy.call(self._refresh, force=True)

    async def _refresh(self, *, force: bool) -> None:
        with network_faults(TOKEN_PATH, self._call_timeout):
            async with asyncio.timeout(self._call_timeout):
                try:
                    await self._session.refresh(force=force)
                except (ValueError, KeyError, TypeError, AttributeError):
                    # The SDK checks nothing of a successful answer; what it stumbled over may hold the token.
                    raise unreadable(TOKEN_PATH, "the token is missing or odd") from None


def _secret(config: ConnectionConfig, name: str) -> str:
    value = config.secrets.get(name)
    if value is None or not value.reveal():
        setting = f"TASTYTRADE_{name.upper()}"
        raise ConfigError(f"The connection {config.name} has no {name}.", f"Set {setting} in the environment or .env.")
    return value.reveal()


async def _raise_for_status(response: httpx2.Response) -> None:
    """A response hook: raises before the SDK loses the status code."""
    if response.is_success or response.status_code == 101:
        return
    await response.aread()
    try:
        body = response.json()
    except ValueError:
        body = None
    raise answer_error(response.request.url.path, response.status_code, body)


def _json_object(path: str, content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content, parse_float=Decimal, parse_constant=str)
    except ValueError:
        raise unreadable(path, "it is not valid JSON") from None
    if not isinstance(body, dict):
        raise unreadable(path, "it is not a JSON object")
    return body
