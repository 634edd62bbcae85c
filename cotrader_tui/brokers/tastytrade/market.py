"""Prices from `/market-data/by-type`: what to ask for, and how a mark is chosen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import batched
from typing import Any

from pydantic import ValidationError

from cotrader_tui.brokers.tastytrade.instruments import TYPES, instrument_id
from cotrader_tui.brokers.tastytrade.parse import items_of
from cotrader_tui.brokers.tastytrade.rows import MarketDataRow
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import MarkSource, Quote
