"""The transactions of one position's instrument, in its detail."""

from __future__ import annotations

from datetime import datetime

from cotrader_tui.domain.text import MASK, UNKNOWN
from cotrader_tui.domain.transactions import KnownTransaction, Transaction
from cotrader_tui.tui.present.figures import STALE, Figures, exact
from cotrader_tui.tui.present.text import Line, Piece
from cotrader_tui.tui.present.times import moment


def transaction_lines(known: tuple[KnownTransaction, ...], now: datetime, figures: Figures) -> tuple[Line, ...]:
    """What the broker booked, newest first; money as cash flow, + received and - paid."""
    if not known:
        return ((Piece("None is stored.", STALE),),)
    heads = f"{'New York':<13}{'Kind':<11}{'Quantity':>12}{'Price':>12}{'Fees':>10}{'Amount':>14}"
    return ((Piece(heads, STALE),), *(_line(each.transaction, now, figures) for each in known))


def _line(transaction: Transaction, now: datetime, figures: Figures) -> Line:
    quantity = UNKNOWN if transaction.quantity is None else exact(transaction.quantity)
    price = UNKNOWN if transaction.price is None else exact(transaction.price, 2)
    if figures.is_private:
        quantity, price = (MASK if text != UNKNOWN else text for text in (quantity, price))
    fees, amount = figures.gain(transaction.fees, 10), figures.gain(transaction.amount, 14)
    return (
        Piece(f"{moment(transaction.at, now):<13}", STALE),
        Piece(f"{transaction.kind.value:<11}{quantity:>12}{price:>12}{fees.text:>10}{amount.text:>14}"),
    )
