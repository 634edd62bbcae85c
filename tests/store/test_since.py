"""What became of a book since somebody left, from syncs that really landed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.analytics.position_since import Happening, PositionSince, Unknown
from cotrader_tui.analytics.since import Since, since_then
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import Instrument, OptionType
from cotrader_tui.domain.market import Greeks
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import DatedAmount, Holding, RealizedSource
from cotrader_tui.domain.sync import RunStatus, SyncKind, Trigger
from cotrader_tui.domain.transactions import Transaction, TransactionKind
from cotrader_tui.errors import BrokerError, ErrorKind
from cotrader_tui.store.history_writing import HistoryLanding
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from tests import builders
from tests.builders import ACCOUNT, BROKER, NOW, TODAY, account, option, quote, share
from tests.commands.books import answer, sync

LEFT = NOW - timedelta(hours=3)
BEFORE, MEANWHILE, LATER = LEFT - timedelta(minutes=1), NOW - timedelta(hours=2), NOW - timedelta(seconds=8)
IRA = account("5WT00002")
CALL = option("AAPL", "245")


def held(
    of: Instrument,
    quantity: str,
    average: str | None = "50",
    *,
    realized: str | None = None,
    opened_at: datetime | None = None,
) -> Holding:
    """A row of the broker; `realized` since it was opened, as it says today."""
    gain = None if realized is None else DatedAmount(Decimal(realized), TODAY)
    return Holding(
        of,
        Decimal(quantity),
        None if average is None else Decimal(average),
        realized_since_open=gain,
        realized_day_gain=gain,
        opened_at=opened_at,
    )


def land(
    path: Path,
    at: datetime,
    *holdings: Holding,
    marks: dict[Instrument, str] | None = None,
    greeks: Sequence[Greeks] = (),
    of: Account | None = None,
) -> None:
    """One sync at `at` that tells these holdings, and these marks as of then."""
    quotes = [replace(quote(each, mark), received_at=at) for each, mark in (marks or {}).items()]
    sync(path, replace(answer(*holdings, quotes=quotes, greeks=greeks, of=of), fetched_at=at), now=at)


def found(path: Path, since: datetime = LEFT, accounts: Sequence[AccountId] = (ACCOUNT,), now: datetime = NOW) -> Since:
    with Reader(path) as reader:
        record = reader.since(accounts, since)
    return since_then(record, now)


def only(path: Path) -> PositionSince:
    (position,) = found(path).positions
    return position


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


def test_what_is_held_throughout_gained_what_its_mark_did(path: Path) -> None:
    both = (held(share(), "100"), held(CALL, "-2", "4.85"))
    land(path, BEFORE, *both, marks={share(): "51.10", CALL: "3.60"})
    land(path, LATER, *both, marks={share(): "50.40", CALL: "3.05"})
    since = found(path)
    # 100 × (50.40 − 51.10), −2 × 100 × (3.05 − 3.60)
    assert [(each.happening, each.pnl) for each in since.positions] == [
        (None, Decimal("-70.00")),
        (None, Decimal("110.00")),
    ]
    (apple,) = since.underlyings
    assert (apple.underlying, apple.currency, apple.pnl.value, apple.pnl.is_complete) == (
        "AAPL",
        "USD",
        Decimal(40),
        True,
    )
    assert since.figures_from == BEFORE
    assert since.figures_of == LATER


def test_its_average_open_price_need_not_be_known(path: Path) -> None:
    land(path, BEFORE, held(share(), "10", None), marks={share(): "50"})
    land(path, LATER, held(share(), "10", None), marks={share(): "52"})
    assert only(path).pnl == 20


def test_the_figures_then_are_those_of_the_last_sync_before(path: Path) -> None:
    for at, mark in ((BEFORE - timedelta(hours=5), "40"), (BEFORE, "50"), (MEANWHILE, "45"), (LATER, "52")):
        land(path, at, held(share(), "10"), marks={share(): mark})
    assert only(path).mark_before == 50
    assert only(path).pnl == 20


def test_buying_more_is_no_gain(path: Path) -> None:
    land(path, BEFORE, held(share(), "10", "50"), marks={share(): "52"})
    land(path, MEANWHILE, held(share(), "30", "54"), marks={share(): "56"})
    land(path, LATER, held(share(), "30", "54"), marks={share(): "57"})
    position = only(path)
    assert (position.happening, position.quantity_before, position.quantity) == (
        Happening.INCREASED,
        Decimal(10),
        Decimal(30),
    )
    # the first 10 made 5 each, the 20 bought at 56 made 1 each
    assert position.pnl == 70


def test_what_reducing_realized_counts(path: Path) -> None:
    land(path, BEFORE, held(share(), "10", "50", realized="7"), marks={share(): "52"})
    land(path, LATER, held(share(), "4", "50", realized="25"), marks={share(): "53"})
    position = only(path)
    assert position.happening is Happening.REDUCED
    # 18 for 6 sold at 53, and 4 × (53 − 50) − 10 × (52 − 50)
    assert (position.realized, position.realized_source, position.pnl) == (
        Decimal(18),
        RealizedSource.BROKER,
        Decimal(10),
    )


def test_a_closed_short_position_by_what_its_broker_says_it_realized(path: Path) -> None:
    ko = held(share("KO"), "5")
    land(path, BEFORE, ko, held(CALL, "-2", "4.85", realized="0"), marks={CALL: "3.60"})
    land(path, LATER, ko, held(CALL, "0", "4.85", realized="330"), marks={CALL: "3.15"})
    since = found(path)
    (position,) = since.of(Happening.CLOSED)
    assert (position.quantity_before, position.quantity) == (Decimal(-2), Decimal(0))
    # realized 330 = −2 × 100 × (3.20 − 4.85), of which 250 were open P&L then
    assert (position.realized, position.pnl) == (Decimal(330), Decimal(80))
    assert since.underlyings[0].estimated == 0


def test_a_position_that_vanished_is_estimated_and_said_to_be(path: Path) -> None:
    land(path, BEFORE, held(CALL, "-2", "4.85"), held(share("KO"), "5"), marks={CALL: "3.60", share("KO"): "50"})
    land(path, LATER, held(share("KO"), "5"), marks={CALL: "3.20", share("KO"): "50"})
    since = found(path)
    (position,) = since.of(Happening.CLOSED)
    assert (position.pnl, position.realized_source) == (Decimal(80), RealizedSource.ESTIMATED)
    assert [(each.underlying, each.estimated) for each in since.underlyings] == [("AAPL", 1), ("KO", 0)]


def test_a_closed_position_whose_gain_nobody_knows_is_named_and_not_counted(path: Path) -> None:
    land(path, BEFORE, held(CALL, "-2", None), held(share(), "5"), marks={CALL: "3.60", share(): "50"})
    land(path, LATER, held(share(), "5"), marks={share(): "51"})
    since = found(path)
    (closed,) = since.of(Happening.CLOSED)
    assert (closed.pnl, closed.unknown_because) == (None, Unknown.REALIZED)
    (apple,) = since.underlyings
    assert (apple.pnl.value, apple.pnl.known, apple.pnl.of) == (Decimal(5), 1, 2)
    assert since.totals["USD"] == apple.pnl


def test_what_was_opened_since_counts_from_its_price(path: Path) -> None:
    land(path, BEFORE, held(share("KO"), "5"), marks={share("KO"): "50"})
    opened = held(share(), "10", "54", opened_at=MEANWHILE)
    land(path, LATER, held(share("KO"), "5"), opened, marks={share("KO"): "50", share(): "53"})
    (position,) = found(path).of(Happening.OPENED)
    assert (position.quantity_before, position.quantity, position.pnl) == (Decimal(0), Decimal(10), Decimal(-10))


def test_a_position_opened_and_closed_in_between(path: Path) -> None:
    land(path, BEFORE, held(share("KO"), "5"), marks={share("KO"): "50"})
    land(path, LATER, held(share("KO"), "5"), held(CALL, "0", "4", realized="-45"), marks={share("KO"): "50"})
    (position,) = found(path).of(Happening.OPENED_AND_CLOSED)
    assert (position.quantity_before, position.quantity, position.pnl) == (Decimal(0), Decimal(0), Decimal(-45))


def test_and_one_of_which_a_sync_saw_both(path: Path) -> None:
    land(path, BEFORE, held(share("KO"), "5"), marks={share("KO"): "50"})
    land(path, MEANWHILE, held(share("KO"), "5"), held(CALL, "1", "4"), marks={CALL: "4.50"})
    land(path, LATER, held(share("KO"), "5"), held(CALL, "0", "4", realized="90"), marks={share("KO"): "50"})
    (position,) = found(path).of(Happening.OPENED_AND_CLOSED)
    assert position.pnl == 90


def test_a_flip_is_told_once_with_the_gain_of_both_sides(path: Path) -> None:
    land(path, BEFORE, held(share(), "10", "50", realized="0"), marks={share(): "52"})
    land(path, LATER, held(share(), "-5", "55", realized="50"), marks={share(): "54"})
    since = found(path)
    (position,) = since.positions
    assert (position.happening, position.quantity_before, position.quantity) == (
        Happening.FLIPPED,
        Decimal(10),
        Decimal(-5),
    )
    # 50 realized − 20 open then, and −5 × (54 − 55)
    assert position.pnl == 35
    assert since.totals["USD"].of == 1


def test_two_flips_add_up_too(path: Path) -> None:
    land(path, BEFORE, held(share(), "10", "50", realized="0"), marks={share(): "52"})
    land(path, MEANWHILE, held(share(), "-5", "55", realized="50"), marks={share(): "54"})
    land(path, LATER, held(share(), "5", "53", realized="60"), marks={share(): "56"})
    since = found(path)
    # 60 realized in all − 20 open then + 5 × (56 − 53)
    assert since.totals["USD"].value == 55
    assert since.totals["USD"].is_complete


def test_a_mark_that_has_not_come_since_makes_it_unknown(path: Path) -> None:
    land(path, BEFORE, held(share(), "10"), marks={share(): "52"})
    land(path, LATER, held(share(), "10"))
    position = only(path)
    assert (position.pnl, position.unknown_because) == (None, Unknown.NO_NEW_MARK)


def test_without_any_mark_then_or_now_it_is_unknown(path: Path) -> None:
    both = (held(share(), "10"), held(share("KO"), "10"))
    land(path, BEFORE, *both)
    land(path, LATER, *both, marks={share(): "52"})
    since = found(path)
    assert [each.unknown_because for each in since.positions] == [Unknown.NO_MARK_THEN, Unknown.NO_MARK]
    assert [each.pnl.value for each in since.underlyings] == [None, None]
    assert since.totals["USD"].value is None
    assert (since.totals["USD"].known, since.totals["USD"].of) == (0, 2)


def test_a_change_of_terms_by_its_broker_is_no_gain(path: Path) -> None:
    land(path, BEFORE, held(share(), "10", "50"), marks={share(): "52"})
    land(path, LATER, held(share(), "10", "31"), marks={share(): "52"})
    position = only(path)
    assert (position.happening, position.pnl) == (Happening.ADJUSTED, None)
    assert position.unknown_because is Unknown.ADJUSTED


def test_an_account_that_was_not_synced_since_is_unknown_and_not_unchanged(path: Path) -> None:
    land(path, BEFORE, held(share(), "10"), marks={share(): "52"})
    since = found(path)
    assert only(path).unknown_because is Unknown.NOT_SYNCED
    assert not since.has_landed
    assert not since.is_worth_telling


def test_what_a_new_connection_brings_was_not_opened(path: Path) -> None:
    land(path, LATER, held(share(), "10", "50"), marks={share(): "520"})
    position = only(path)
    assert (position.happening, position.pnl) == (Happening.FIRST_SEEN, None)
    assert (position.quantity_before, position.unknown_because) == (None, Unknown.FIRST_SEEN)


def test_nor_what_its_broker_says_is_older(path: Path) -> None:
    land(path, BEFORE, held(share("KO"), "5"), marks={share("KO"): "50"})
    moved_in = held(share(), "10", "50", opened_at=NOW - timedelta(days=90))
    land(path, LATER, held(share("KO"), "5"), moved_in, marks={share(): "520"})
    (position,) = found(path).of(Happening.FIRST_SEEN)
    assert position.pnl is None


def test_an_option_gone_after_its_expiration_expired(path: Path) -> None:
    put = option("AAPL", "240", OptionType.PUT, date(2026, 3, 9))
    left = datetime.fromisoformat("2026-03-09T18:00:00+00:00")
    land(path, left, held(put, "-1", "2.00"), held(share(), "5"), marks={put: "0.10", share(): "50"})
    land(path, LATER, held(share(), "5"), marks={share(): "50"})
    (position,) = found(path, left).of(Happening.EXPIRED)
    # estimated: its last mark was 0.10, then as before
    assert (position.pnl, position.realized, position.realized_source) == (
        Decimal(0),
        Decimal(190),
        RealizedSource.ESTIMATED,
    )


def test_one_that_is_still_listed_has_expired_too(path: Path) -> None:
    put = option("AAPL", "240", OptionType.PUT, date(2026, 3, 9))
    left = datetime.fromisoformat("2026-03-09T18:00:00+00:00")
    land(path, left, held(put, "-1", "2.00"), marks={put: "0.10"})
    land(path, LATER, held(put, "-1", "2.00"), marks={put: "0.00"})
    (position,) = found(path, left).positions
    assert (position.happening, position.quantity, position.pnl) == (Happening.EXPIRED, Decimal(-1), Decimal(10))


@pytest.mark.parametrize(
    ("kind", "happening"),
    [(TransactionKind.ASSIGNMENT, Happening.ASSIGNED), (TransactionKind.EXERCISE, Happening.EXERCISED)],
)
def test_the_brokers_booking_says_how_an_option_ended(path: Path, kind: TransactionKind, happening: Happening) -> None:
    land(path, BEFORE, held(CALL, "-1", "4"), held(share(), "5"), marks={CALL: "3.00", share(): "50"})
    land(path, LATER, held(share(), "5"), marks={share(): "50"})
    booked = Transaction(ACCOUNT, "t1", LATER - timedelta(minutes=3), kind, "", "USD", CALL.symbol, "AAPL", Decimal(1))
    with Writer(path) as writer:
        connection = writer.ensure_connection(BROKER, BROKER, "", timedelta(minutes=1))
        owners = [each for each in writer.history.accounts(connection) if each.id == ACCOUNT]
        runs = writer.history.begin(connection, SyncKind.TRANSACTIONS, Trigger.SCHEDULED, owners, LATER)
        landing = HistoryLanding(runs[ACCOUNT], ACCOUNT, (), RunStatus.SUCCESS, None, LATER)
        writer.history.land_transactions(landing, [booked])
    assert [each.leg.position.instrument for each in found(path).of(happening)] == [CALL]


def test_currencies_are_not_added_up(path: Path) -> None:
    bayer = share("BAYN", currency="EUR")
    both = (held(share(), "10"), held(bayer, "10"))
    land(path, BEFORE, *both, marks={share(): "50", bayer: "30"})
    land(path, LATER, *both, marks={share(): "51", bayer: "28"})
    since = found(path)
    assert {currency: each.value for currency, each in since.totals.items()} == {"EUR": -20, "USD": 10}


def test_two_accounts_with_one_underlying_stand_together(path: Path) -> None:
    def landed(at: datetime, mark: str) -> None:
        of_each = [
            replace(answer(held(share(), "10"), quotes=[replace(quote(share(), mark), received_at=at)], of=each))
            for each in (account(), IRA)
        ]
        sync(path, *of_each, now=at)

    landed(BEFORE, "50")
    landed(LATER, "53")
    (apple,) = found(path, accounts=(ACCOUNT, IRA.id)).underlyings
    assert (apple.pnl.value, apple.pnl.of) == (Decimal(60), 2)
    assert found(path).totals["USD"].value == 30


def test_the_change_of_greeks_is_of_legs_known_then_and_now(path: Path) -> None:
    put = option("AAPL", "230", OptionType.PUT)
    rows = (held(share(), "100"), held(CALL, "-2", "4"), held(put, "1", "3"))
    marks = {share(): "230", CALL: "3", put: "2"}
    land(path, BEFORE, *rows, marks=marks, greeks=[builders.greeks(CALL, 0.30, 0.01, -0.10, 0.20)])
    after = (held(share(), "50"), held(CALL, "-1", "4"), held(put, "1", "3"))
    both = [builders.greeks(CALL, 0.40, 0.01, -0.10, 0.20), builders.greeks(put, -0.3)]
    land(path, LATER, *after, marks=marks, greeks=both)
    since = found(path)
    (apple,) = since.by_greeks
    greeks = apple.greeks
    # shares 50 − 100; calls −100 × 0.40 + 200 × 0.30; the put was not known then
    assert greeks.delta == pytest.approx(-30)
    assert greeks.theta == pytest.approx(-10)
    assert greeks.vega == pytest.approx(-20 + 40)
    assert (greeks.legs_with_greeks, greeks.legs) == (2, 3)


def test_failed_syncs_are_counted_by_connection_with_the_last_reason(path: Path) -> None:
    land(path, BEFORE, held(share(), "10"), marks={share(): "50"})
    for minutes in (90, 60, 30):
        refused = BrokerError(ErrorKind.NETWORK, f"No answer {minutes} minutes ago.", "Is the network up?")
        sync(path, error=refused, now=NOW - timedelta(minutes=minutes))
    since = found(path)
    (tally,) = since.failures
    assert (tally.status, tally.cycles, tally.last_at) == (RunStatus.FAILED, 3, NOW - timedelta(minutes=30))
    assert tally.error is not None
    assert tally.error.message == "No answer 30 minutes ago."
    assert since.is_worth_telling


def test_a_quiet_time_is_nothing_to_tell(path: Path) -> None:
    for at in (BEFORE, LATER):
        land(path, at, held(share(), "10"), marks={share(): "50"})
    assert found(path).has_landed
    assert not found(path).is_worth_telling


def test_what_was_thinned_away_is_missing_and_not_guessed(path: Path) -> None:
    left = NOW - timedelta(days=10) + timedelta(minutes=5)
    land(path, left - timedelta(minutes=2), held(share(), "10", "50"), marks={share(): "52"})
    land(path, left + timedelta(minutes=3), held(share(), "10", "50"), marks={share(): "53"})
    land(path, LATER, held(share(), "10", "50"), marks={share(): "55"})
    with Writer(path) as writer:
        writer.thin(NOW)
    (position,) = found(path, left).positions
    assert (position.pnl, position.unknown_because) == (None, Unknown.NO_FIGURES)


def test_an_empty_store_has_nothing(path: Path) -> None:
    with closing(Writer(path)):
        pass
    since = found(path, accounts=())
    assert (since.positions, since.totals, since.failures) == ((), {}, ())
    assert since.figures_of is None
