"""The stand-in itself: it refuses every write and says so."""

from __future__ import annotations

import httpx2
import pytest

from tests.standin.tastytrade import ALL_REFUSED_WRITES, TastytradeStandin


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/accounts/5WX00001/orders"), ("DELETE", "/accounts/5WX00001/orders/7"), ("PUT", "/oauth/token")],
)
def test_writes_are_refused_and_recorded(method: str, path: str) -> None:
    with TastytradeStandin(reports_writes=False) as server:
        assert httpx2.request(method, server.url + path).status_code == 405
        assert [(each.method, each.path) for each in server.refused_writes] == [(method, path)]
    assert ALL_REFUSED_WRITES == []


def test_nothing_is_answered_without_an_access_token() -> None:
    with TastytradeStandin() as server:
        assert httpx2.get(f"{server.url}/customers/me/accounts").status_code == 401


def test_it_can_stop_and_start_again_at_the_same_port() -> None:
    server = TastytradeStandin().start()
    address = server.url
    server.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(address)
    with server:
        assert server.url == address
        assert httpx2.get(f"{address}/customers/me/accounts").status_code == 401
