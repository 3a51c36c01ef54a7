"""What a venue says of pools, its fund and its accounts becomes rows: exact amounts with their decimals, and only what has changed."""

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.journal import Journal
from keeper.domain.records import Record
from keeper.domain.views import AccountFlow, FlowKind, InsuranceFund, PoolRange, PoolState
from keeper.engine import view_rows
from keeper.engine.evaluator import Applied, Latest
from keeper.engine.recording import BlockKeys
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.toy import Opened, PriceRead, ToyVenue, log_of

BLOCK = block_ref(5)
WHERE = BlockKeys(10, "toy", BLOCK)
LOG = log_of(Opened("0xa11ce", 3, 1), BLOCK, 2)
LARGE = 10**40 + 1


def test_a_range_keeps_its_sign_and_its_place() -> None:
    (row,) = view_rows.range_rows(WHERE, [PoolRange("ETH", 1.5, 2.5, -LARGE, 18, LOG)])
    assert (row.market, row.lower_price, row.upper_price, row.liquidity_raw, row.liquidity_decimals) == ("ETH", 1.5, 2.5, str(-LARGE), 18)
    assert (row.chain_id, row.venue, row.block_number, row.log_index) == (10, "toy", 5, 2)
    assert row.transaction_hash == LOG.transaction_hash


def test_a_fund_is_usd_in_its_own_decimals() -> None:
    (row,) = view_rows.fund_rows(WHERE, [InsuranceFund(-2_500_000, 6)])
    assert (row.capacity_raw, row.decimals, row.capacity_usd) == ("-2500000", 6, -2.5)


def test_a_flow_whose_decimals_nobody_tells_says_so() -> None:
    kinds = [(FlowKind.DEPOSIT, 6), (FlowKind.WITHDRAWAL, 18), (FlowKind.BAD_DEBT, None)]
    rows = view_rows.flow_rows(WHERE, [AccountFlow(AccountKey("0xa"), kind, "0xt", LARGE, decimals, LOG) for kind, decimals in kinds])
    assert [(row.kind, row.decimals) for row in rows] == [("deposit", 6), ("withdrawal", 18), ("bad_debt", None)]
    assert {(row.account, row.token, row.amount_raw, row.log_index) for row in rows} == {("0xa", "0xt", str(LARGE), 2)}


def test_what_was_read_is_not_what_logs_tell() -> None:
    venue = ToyVenue({})
    applied: list[Applied] = [Applied(Opened("0xa", 3, 1), "log", LOG), Applied(Opened("0xb", 3, 1), "snapshot")]
    rows = list(view_rows.logged_rows(WHERE, venue, venue.new_book(), applied))
    assert [(type(row).__name__, row.block_number) for row in rows] == [("PoolRangeRecord", 5), ("AccountFlowRecord", 5)]


def _changed(price: int, latest: Latest) -> list[Record]:
    venue = ToyVenue({})
    book = venue.new_book()
    book.open_block(5, Timestamp(10))
    events = [PriceRead(10, price), PriceRead(12, price + 1)]
    return list(view_rows.changed_rows(WHERE, venue, book, events, latest))


def test_only_what_has_changed_gets_a_row_and_what_is_undone_gets_it_again() -> None:
    """A price that is read for later is no state of this block."""
    latest: Latest = Journal()
    latest.open_block(5)
    assert [type(row).__name__ for row in _changed(85, latest)] == ["PoolStateRecord", "InsuranceFundRecord"]
    assert _changed(85, latest) == []
    latest.open_block(6)
    assert [type(row).__name__ for row in _changed(86, latest)] == ["PoolStateRecord"], "the fund is the same"
    latest.rollback(5)
    assert dict(latest) == {"TOY": PoolState("TOY", 85.0, X18, 18), None: InsuranceFund(8 * 10**6, 6)}
    assert [type(row).__name__ for row in _changed(86, latest)] == ["PoolStateRecord"]
