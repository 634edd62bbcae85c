"""Contract details, asked for once: what a contract is does not change while its id lives."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from ib_async import IB, Contract, ContractDetails

from cotrader_tui.brokers.ibkr.contracts import Details, details_of
from cotrader_tui.brokers.ibkr.errors import NOT_KNOWN

_SECOND_CHANCE = 2.0
"""Seconds for contracts about which TWS was silent before: it never answers a request it found not valid."""


class Catalogue:
    """Details by contract id. Those that did not come in time are asked for again next time."""

    def __init__(self) -> None:
        self._known: dict[int, Details | None] = {}
        """`None` for a contract TWS says it does not know: it is not asked for again."""
        self._silent: set[int] = set()
        self._outdated: set[int] = set()
        """Known, and asked for once more; what is known holds until the answer comes."""

    def __getitem__(self, con_id: int) -> Details | None:
        return self._known.get(con_id)

    def missing(self, con_ids: Collection[int]) -> list[int]:
        """Those whose details have not arrived."""
        return [con_id for con_id in con_ids if con_id not in self._known]

    def to_ask(self, con_ids: Collection[int]) -> list[int]:
        """Those whose details are to be asked for: what is missing, and what is to be told anew."""
        return [con_id for con_id in con_ids if con_id not in self._known or con_id in self._outdated]

    def forget(self) -> None:
        """Ask for all of them anew, each when it is needed next."""
        self._outdated = set(self._known)
        self._silent.clear()

    def underlying(self, con_id: int) -> Details | None:
        """The details of what the contract is written on."""
        details = self._known.get(con_id)
        return None if details is None else self._known.get(details.under_con_id)

    async def learn(self, ib: IB, con_ids: Collection[int], faults: Mapping[int, int], seconds: float) -> None:
        """Asks for what is to be asked of `con_ids`, then of their underlyings; the connection fills `faults`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        await self._ask(ib, self.to_ask(con_ids), faults, end - loop.time())
        written_on = {details.under_con_id for con_id in con_ids if (details := self._known.get(con_id))} - {0}
        await self._ask(ib, self.to_ask(written_on), faults, end - loop.time())

    async def _ask(self, ib: IB, con_ids: Collection[int], faults: Mapping[int, int], seconds: float) -> None:
        if not con_ids:
            return
        if self._silent.issuperset(con_ids):
            seconds = min(seconds, _SECOND_CHANCE)
        asked = {
            con_id: asyncio.ensure_future(ib.reqContractDetailsAsync(Contract(conId=con_id))) for con_id in con_ids
        }
        try:
            await asyncio.wait(asked.values(), timeout=max(seconds, 0))
        finally:
            for each in asked.values():
                each.cancel()
        for con_id, answer in asked.items():
            if answer.cancelled():
                self._silent.add(con_id)
            elif answer.exception() is None:
                found = _own(con_id, answer.result())
                if found is not None or faults.get(con_id) == NOT_KNOWN:
                    self._known[con_id] = found
                    self._outdated.discard(con_id)


def _own(con_id: int, answer: list[ContractDetails]) -> Details | None:
    """The first of the details (TWS may send one per exchange) that is about the contract."""
    return next((found for each in answer if (found := details_of(each)) and found.terms.con_id == con_id), None)
