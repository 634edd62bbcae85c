"""The reference rates that the library brings along."""

from __future__ import annotations

import socket
from datetime import date
from decimal import Decimal

import pytest

from cotrader_tui.reference_rates import reference_rates


def test_the_rates_are_exact_positive_and_of_one_recent_day() -> None:
    rates = {rate.currency: rate for rate in reference_rates()}
    assert {"USD", "GBP", "JPY", "CHF"} <= rates.keys()
    assert "EUR" not in rates
    assert "RUB" not in rates, "the ECB has not quoted it since 2022"
    assert len({rate.on for rate in rates.values()}) == 1
    assert rates["USD"].on >= date(2026, 1, 1)
    assert all(isinstance(rate.per_euro, Decimal) and rate.per_euro > 0 for rate in rates.values())
    exponent = rates["USD"].per_euro.as_tuple().exponent
    assert isinstance(exponent, int)
    assert exponent >= -6, "a float's digits are not the ECB's"


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert reference_rates()
