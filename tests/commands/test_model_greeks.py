"""Greeks by a model on stdout: labelled, counted in sums, and gone where they are switched off."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.domain.positions import Holding
from tests.builders import greeks, option, quote, share
from tests.commands.books import answer, settings, sync
from tests.commands.test_reading import ask

CALL, PUT = option("AAPL", "250"), option("AAPL", "240")


def told() -> BrokerSnapshot:
    """Two options on one share, of which the broker sends Greeks for one."""
    holdings = [Holding(each, Decimal(1), Decimal(4)) for each in (CALL, PUT)]
    quotes = [quote(CALL, "6.10"), quote(PUT, "11.80"), quote(share("AAPL"), "245")]
    return replace(answer(*holdings, quotes=quotes, greeks=[greeks(PUT)]), underlyings=(share("AAPL"),))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "cotrader.db"
    sync(path, told())
    return path


def test_their_source_is_named_and_sums_count_them(database: Path) -> None:
    rows = {row["symbol"]: row for row in ask(settings(database)).rows}
    assert (rows[CALL.symbol]["greeks_source"], rows[PUT.symbol]["greeks_source"]) == ("model", "stream")
    assert 0 < rows[CALL.symbol]["delta"] < 100
    assert 0 < rows[CALL.symbol]["iv"] < 1
    assert rows[CALL.symbol]["greeks_as_of"] is not None
    (row,) = ask(settings(database), "underlyings").rows
    assert (row["legs"], row["legs_with_greeks"], row["legs_with_model_greeks"]) == (2, 2, 1)


def test_switched_off_they_are_unknown(database: Path) -> None:
    off = replace(settings(database), has_model_greeks=False)
    (row,) = [row for row in ask(off).rows if row["symbol"] == CALL.symbol]
    assert (row["delta"], row["iv"], row["greeks_source"], row["greeks_as_of"]) == (None, None, None, None)
    (row,) = ask(off, "underlyings").rows
    assert (row["legs"], row["legs_with_greeks"], row["legs_with_model_greeks"]) == (2, 1, 0)
