"""The European Central Bank's reference rates, from the file the library brings along: nothing is downloaded.

Loads urllib and ssl, so only the engine calls it.
"""

from __future__ import annotations

from collections.abc import Sequence

from cotrader_tui.domain.rates import EURO, ReferenceRate


def reference_rates() -> Sequence[ReferenceRate]:
    """The newest rates of the installed library, by currency; exact decimals as the ECB publishes them.

    They are those of one day, the day of the library's release or shortly before, so no currency that the ECB has
    ceased to quote is among them.
    """
    from currency_converter import SINGLE_DAY_CURRENCY_FILE, CurrencyConverter

    converter = CurrencyConverter(SINGLE_DAY_CURRENCY_FILE, decimal=True)
    days = {currency: converter.bounds[currency].last_date for currency in sorted(converter.currencies - {EURO})}
    return [ReferenceRate(each, converter.convert(1, EURO, each, date=day), day) for each, day in days.items()]
