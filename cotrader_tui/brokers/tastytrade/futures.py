"""How the market data stream names futures, which neither their symbol nor the row of an option on them tells."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from cotrader_tui.brokers.tastytrade.api import Api
from cotrader_tui.brokers.tastytrade.errors import unreadable
from cotrader_tui.brokers.tastytrade.parse import UnreadableError, items_of
from cotrader_tui.brokers.tastytrade.rows import FutureRow
from cotrader_tui.domain.instruments import Instrument, InstrumentType

log = logging.getLogger(__name__)

FUTURES_PATH = "/instruments/futures"


class FutureNames:
    """The streamer symbols of futures: a position's row may have it, the others are asked for together and once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._names: dict[str, str | None] = {}
        """By symbol; `None` where tastytrade gives none."""

    def named(self, instrument: Instrument) -> Instrument:
        """The instrument with its streamer symbol, as far as that is known."""
        if not is_unnamed(instrument):
            return instrument
        return replace(instrument, streamer_symbol=self._names.get(instrument.symbol))

    async def learn(self, instruments: Iterable[Instrument]) -> None:
        """Ask for those of `instruments` that are not known yet.

        Raises:
            BrokerError: they could not be fetched; they will be asked for again.
        """
        instruments = list(instruments)
        self._names.update({each.symbol: each.streamer_symbol for each in instruments if _is_named(each)})
        wanted = sorted({each.symbol for each in instruments if is_unnamed(each)} - self._names.keys())
        if not wanted:
            return
        body = await self._api.get(FUTURES_PATH, [("symbol[]", symbol) for symbol in wanted])
        try:
            found = parse_futures(body)
        except UnreadableError as error:
            raise unreadable(FUTURES_PATH, str(error)) from None
        self._names.update({symbol: found.get(symbol) for symbol in wanted})
        if nameless := [symbol for symbol in wanted if symbol not in found]:
            log.warning("tastytrade names no market data of %s: its price moves with each sync.", ", ".join(nameless))

    def forget(self) -> None:
        """Ask for all of them again."""
        self._names.clear()


def parse_futures(body: Mapping[str, Any]) -> dict[str, str]:
    """The streamer symbols in an answer of `/instruments/futures`, by symbol; rows without are left out.

    Raises:
        UnreadableError: `data.items` is no list.
    """
    found: dict[str, str] = {}
    for raw in items_of(body):
        try:
            row = FutureRow.model_validate(raw)
        except ValidationError:
            continue
        found[row.symbol] = row.streamer_symbol
    return found


def is_unnamed(instrument: Instrument) -> bool:
    """Whether it is a future that the stream cannot be asked for as it is."""
    return instrument.type is InstrumentType.FUTURE and not instrument.streamer_symbol


def _is_named(instrument: Instrument) -> bool:
    return instrument.type is InstrumentType.FUTURE and bool(instrument.streamer_symbol)
