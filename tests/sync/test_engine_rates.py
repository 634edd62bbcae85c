"""The engine keeps the reference rates, once a day and with every single cycle; no sync depends on them."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.domain.sync import RunStatus
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine, RateSource
from tests.builders import NOW, TODAY, option, quote
from tests.sync.fakes import LoopClock, ScriptedBroker, run_skipping
from tests.sync.support import answer, config, holding

CALL = option("AAPL", "250")
WHOLE = [answer(holding(CALL, "1"), quotes=[quote(CALL, "5")])]
DOLLAR = ReferenceRate("USD", Decimal("1.1172"), date(2026, 3, 6))


def run_engine(path: Path, rates: RateSource, lasting: timedelta) -> PortfolioSnapshot:
    """Run an engine with one connection so long; returns what it leaves behind."""

    async def run() -> None:
        stop = asyncio.Event()
        with Writer(path) as writer:
            engine = Engine(writer, [(config(), ScriptedBroker(WHOLE))], LoopClock(), rates=rates)
            running = asyncio.create_task(engine.run(stop))
            await asyncio.sleep(lasting.total_seconds())
            stop.set()
            await running

    run_skipping(run())
    return left_behind(path)


def left_behind(path: Path) -> PortfolioSnapshot:
    with Reader(path) as reader:
        return reader.snapshot(TODAY)


def test_the_reference_rates_are_refreshed_once_a_day(tmp_path: Path) -> None:
    asked: list[int] = []

    def rates() -> list[ReferenceRate]:
        asked.append(1)
        return [DOLLAR]

    assert run_engine(tmp_path / "book.db", rates, timedelta(hours=49)).reference_rates == (DOLLAR,)
    assert len(asked) == 3


def test_rates_that_cannot_be_had_hinder_no_sync(tmp_path: Path) -> None:
    def broken() -> list[ReferenceRate]:
        raise ValueError("no such file")

    left = run_engine(tmp_path / "book.db", broken, timedelta(minutes=5))
    assert left.reference_rates == ()
    assert len(left.runs) > 1
    assert {run.status for run in left.runs} == {RunStatus.SUCCESS}


def test_a_single_cycle_brings_the_rates_too(tmp_path: Path) -> None:
    with Writer(tmp_path / "book.db") as writer:
        engine = Engine(writer, [(config(), ScriptedBroker(WHOLE))], lambda: NOW, rates=lambda: [DOLLAR])
        asyncio.run(engine.sync_once())
    assert left_behind(tmp_path / "book.db").reference_rates == (DOLLAR,)
