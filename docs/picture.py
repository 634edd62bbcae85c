"""Draws docs/positions.svg: the positions of the demo at a fixed moment. Run it with `python docs/picture.py`."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cotrader_tui.brokers.registry import broker_factory
from cotrader_tui.config import Options, load_settings
from cotrader_tui.market_calendar import trading_sessions
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.ports import ScreenOptions

EPOCH = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
NOW = EPOCH + timedelta(minutes=47, seconds=12)
PICTURE = Path(__file__).with_name("positions.svg")


async def draw(database: Path) -> None:
    """Sync the demo twice, the second time just before `NOW`, and save the first screen."""
    settings = load_settings(Options(demo=True, db=database), {"HOME": str(database.parent)}, database.parent)
    (config,) = settings.connections
    config = replace(config, options={"seed": "7", "epoch": EPOCH.isoformat()})
    syncs_at = [NOW - timedelta(minutes=40), NOW - timedelta(seconds=4)]
    broker = broker_factory("demo")(config, lambda: syncs_at[0])
    with Writer(database) as writer:
        writer.set_property("demo_epoch", EPOCH.isoformat())
        writer.store_sessions(trading_sessions(EPOCH.date() - timedelta(days=5), EPOCH.date() + timedelta(days=9)))
        engine = Engine(writer, [(config, broker)], lambda: syncs_at[0])
        while syncs_at:
            await engine.sync_once()
            syncs_at.pop(0)
    options = ScreenOptions(is_demo=True)
    app = CotraderApp(database=database, clock=lambda: NOW, request_sync=lambda _: None, keeper=None, options=options)
    async with app.run_test(size=(140, 44)) as pilot:
        while app.snapshot is None:
            await pilot.pause(0.05)
        await pilot.pause(1)
        PICTURE.write_text(app.export_screenshot(title="cotrader"), encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(draw(Path(folder) / "demo.db"))
