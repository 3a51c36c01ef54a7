"""What happened becomes rows: shared keys, raw integers beside plain units, and nothing lost of what the analytics layer asks for."""

import json
from dataclasses import replace

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Settled
from keeper.domain.chain import BlockRef, Hash32, RawLog, Tally, Usage
from keeper.domain.decision import CandidateId, Economics, Skip
from keeper.domain.fees import Fees
from keeper.domain.fixed import X18
from keeper.domain.health import Breach, Health
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import Dropped, Included, Outbid, Outcome, Reverted, SimReverted, SimSettled
from keeper.domain.records import MicroTime, raw
from keeper.domain.skip_reason import SkipReason
from keeper.domain.views import LiquidationObserved, MarketView, PositionView, Proceeds
from keeper.engine import recording
from keeper.engine.evaluator import Applied, BlockEvaluation, MarginTest
from keeper.engine.recording import BlockKeys
from tests.keeper.engine.decided import decision_of, evaluation, plan_of
from tests.keeper.engine.fakes import EXECUTOR, OPERATOR, block_ref
from tests.keeper.engine.toy import EXCHANGE, Opened, PriceRead, log_of

BLOCK = block_ref(5)
WHERE = BlockKeys(10, "toy", BLOCK)
ALICE, BOB = AccountKey("0xa11ce"), AccountKey("0xb0b")
NOW = MicroTime(1_700_000_000_000_000)


def test_every_row_carries_the_keys_all_tables_share() -> None:
    (row,) = recording.market_rows(WHERE, [MarketView("TOY-PERP", "TOY", X18, 2 * X18, 3 * X18, 4 * X18, 5 * X18, 10**30, 0.25)])
    assert (row.chain_id, row.venue, row.block_number, row.block_hash, row.block_time) == (10, "toy", 5, BLOCK.hash, BLOCK.timestamp)
    assert (row.market, row.underlying) == ("TOY-PERP", "TOY")
    assert (row.mark_price, row.index_price, row.spot_price) == (1.0, 2.0, 3.0)
    assert (row.open_interest_long, row.open_interest_short) == (4.0, 5.0)
    assert row.funding_growth_raw == "1" + "0" * 30, "30 digits survive as text"


def test_a_block_counts_logs_accounts_and_requests_over_all_venues() -> None:
    log = log_of(Opened(ALICE, 1, 1), BLOCK, 0)
    applied: list[Applied] = [Applied(Opened(ALICE, 1, 1), "log", log), Applied(PriceRead(10, 1), "refresh")]
    twice = [
        MarginTest(ALICE, Health(Usd18(1), Usd18(1), None), BLOCK.timestamp),
        MarginTest(ALICE, Health(Usd18(1), Usd18(1), None), BLOCK.timestamp),
    ]
    one = BlockEvaluation(BLOCK, BLOCK.timestamp, applied, twice, {}, (), 7)
    used = Usage(head=Tally(1, 1), read=Tally(2, 39), fork=Tally(7, 8))
    row = recording.block_row(10, BLOCK, (NOW, MicroTime(NOW + 5)), used, [one, evaluation(BLOCK)], recovered=False)
    assert (row.logs, row.evaluated, row.watched) == (1, 1, 7), "both moments of one account are one account"
    assert (row.rpc_requests, row.rpc_calls, row.finished_at - row.received_at) == (3, 40, 5)
    assert (row.rpc_requests_head, row.rpc_requests_send, row.rpc_requests_fork, row.rpc_calls_fork) == (1, 0, 7, 8)


def test_a_block_tells_the_tip_that_others_paid_as_far_as_a_venue_knew_it() -> None:
    known = replace(evaluation(BLOCK), market_tip_wei=7)
    row = recording.block_row(10, BLOCK, (NOW, NOW), Usage(), [evaluation(BLOCK), known], recovered=False)
    assert row.market_tip_wei == 7


def test_events_keep_their_order_their_source_and_where_they_came_from() -> None:
    log = log_of(Opened(ALICE, 10**40, 1), BLOCK, 3)
    first, second = recording.event_rows(WHERE, [Applied(Opened(ALICE, 10**40, 1), "log", log), Applied(PriceRead(10, 99), "refresh")])
    assert (first.position, first.source, first.event, first.account, first.log_index) == (0, "log", "Opened", ALICE, 3)
    assert json.loads(first.payload)["size"] == 10**40
    assert (second.position, second.source, second.event, second.account, second.log_index) == (1, "refresh", "PriceRead", None, None)


@pytest.mark.parametrize(("size", "side", "price"), [(-2 * X18, "short", 50.0), (2 * X18, "long", 50.0), (0, "short", 0.0)])
def test_a_liquidation_is_told_from_the_victims_side(size: int, side: str, price: float) -> None:
    log = log_of(Opened(ALICE, 1, 1), BLOCK, 2)
    liquidation = LiquidationObserved(ALICE, EXECUTOR, "TOY-PERP", "TOY", Breach.POSITIONS, size, 100 * X18, 3 * X18, X18, 2 * X18, log)
    (row,) = recording.liquidation_rows(WHERE, [liquidation], EXECUTOR, {(log.transaction_hash, ALICE): CandidateId("ours")})
    assert (row.market, row.underlying) == ("TOY-PERP", "TOY")
    assert (row.side, row.price, row.size_raw, row.ours, row.candidate_id) == (side, price, str(size), True, "ours")
    assert (row.notional_usd, row.penalty_usd, row.reward_usd, row.bad_debt_usd) == (100.0, 3.0, 1.0, 2.0)
    assert (row.penalty_raw, row.reward_raw, row.bad_debt_raw) == (str(3 * X18), str(X18), str(2 * X18))
    assert (row.size_decimals, row.usd_decimals) == (18, 18)
    (theirs,) = recording.liquidation_rows(WHERE, [liquidation], None, {})
    assert (theirs.ours, theirs.candidate_id) == (False, None)


@pytest.mark.parametrize(
    ("equity", "breach", "near"), [(125, None, False), (124, None, True), (124, Breach.COLLATERAL, True), (0, None, True)]
)
def test_only_the_breached_and_those_within_a_quarter_of_the_requirement_are_kept(equity: int, breach: Breach | None, near: bool) -> None:
    item = MarginTest(ALICE, Health(Usd18(equity * X18), Usd18(100 * X18), breach), BLOCK.timestamp)
    rows = recording.evaluation_rows(WHERE, [item], {ALICE: "id"})
    assert bool(rows) is near
    assert [(row.candidate_id, row.breach, row.equity_usd) for row in rows] == ([("id", breach, float(equity))] if near else [])


def test_a_breached_account_is_kept_however_rich_it_is() -> None:
    item = MarginTest(ALICE, Health(Usd18(900 * X18), Usd18(100 * X18), Breach.COLLATERAL), BLOCK.timestamp)
    assert len(recording.evaluation_rows(WHERE, [item], {})) == 1


def test_a_decision_says_what_was_wanted_and_a_skip_why_not() -> None:
    decision = decision_of(ALICE)
    going = recording.decision_row(WHERE, decision.candidate, "decide", decision.choice, NOW)
    assert (going.action, going.reason, going.market, going.size_raw, going.notional_usd) == ("liquidate", None, "TOY", raw(X18), 100.0)
    assert (going.expected_reward_usd, going.expected_cost_usd, going.expected_profit_usd) == (5.0, 1.0, 4.0)
    skip = Skip(SkipReason.UNPROFITABLE, "", Economics(Usd18.of_units(1), Usd18.of_units(2)), plan_of(ALICE))
    left = recording.decision_row(WHERE, decision.candidate, "decide", skip, NOW)
    assert (left.action, left.reason, left.detail, left.expected_profit_usd) == ("skip", "unprofitable", None, -1.0)
    bare = recording.decision_row(WHERE, decision.candidate, "liquidate", Skip(SkipReason.STALE, "too old"), NOW)
    assert (bare.reason, bare.detail, bare.market, bare.expected_profit_usd) == ("stale", "too old", None, None)
    assert (going.size_decimals, bare.size_decimals) == (18, None), "no plan, no size"


def test_a_simulation_keeps_the_venues_own_word_for_the_revert() -> None:
    candidate = decision_of(ALICE).candidate
    log = RawLog(EXCHANGE, (), b"", 5, BLOCK.hash, Hash32("0x1"), 0)
    good = recording.simulation_row(WHERE, candidate, "fork", SimSettled(Usd18(5), 90_000, (log, log), 12.5), None, 3.5)
    assert (good.settled, good.gas_used, good.log_count, good.duration_ms, good.profit_usd) == (True, 90_000, 2, 12.5, 3.5)
    bad = recording.simulation_row(WHERE, candidate, "call", SimReverted(b"", 21_000, 1.0), "CH_EAV", None)
    assert (bad.settled, bad.reason, bad.log_count, bad.profit_usd) == (False, "CH_EAV", 0, None)


def _attempt(block: BlockRef = BLOCK) -> Attempt:
    return Attempt(CandidateId("id"), "toy", ALICE, block, Hash32("0x" + "11" * 32), OPERATOR, 4, Fees(30, 2), 100_000, None, NOW)


def test_an_attempt_stands_at_the_head_it_was_built_on() -> None:
    row = recording.attempt_row(10, _attempt())
    assert (row.block_number, row.nonce, row.max_fee_wei, row.priority_fee_wei, row.sent_at, row.replaces) == (5, 4, 30, 2, NOW, None)


MINED = Hash32("0x" + "22" * 32)


@pytest.mark.parametrize(
    ("outcome", "name", "number", "gas", "late"),
    [
        (Included(MINED, block_ref(7), 90_000, 10**12, ()), "included", 7, 90_000, 2),
        (Reverted(MINED, block_ref(7), 50_000, 10**12, b""), "reverted", 7, 50_000, None),
        (Outbid(MINED, block_ref(7), 50_000, 10**12, BOB), "outbid", 7, 50_000, None),
        (Dropped(MINED, "never mined"), "dropped", 9, 0, None),
    ],
)
def test_an_outcome_stands_in_its_block_of_inclusion_or_at_the_head(
    outcome: Outcome, name: str, number: int, gas: int, late: int | None
) -> None:
    proceeds = Proceeds(Usd18.of_units(3), ((EXCHANGE, -(10**30)),), Usd18.of_units(2))
    row = recording.outcome_row(10, Settled(_attempt(), outcome), block_ref(9), None, proceeds, 0.5)
    assert (row.outcome, row.block_number, row.gas_used, row.blocks_since_seen) == (name, number, gas, late)
    assert (row.profit_usd, row.tokens_value_usd, row.gas_cost_usd) == (3.0, 2.0, 0.5)
    assert json.loads(row.tokens) == [[EXCHANGE, str(-(10**30))]]
    assert row.transaction_hash == MINED


def test_a_dropped_attempts_cancellation_is_paid_for() -> None:
    outcome = Dropped(MINED, "cancelled", 21_000, 10**12)
    row = recording.outcome_row(10, Settled(_attempt(), outcome), block_ref(9), None, Proceeds(ZERO_USD), 0.0)
    assert (row.gas_used, row.gas_cost_wei) == (21_000, 10**12)


def test_a_position_without_a_price_that_ends_it_says_so() -> None:
    views = [PositionView(ALICE, "TOY-PERP", "TOY", -X18, 90 * X18, 100 * X18, price, False) for price in (None, 120 * X18)]
    rows = recording.position_rows(WHERE, views, {ALICE: Health(Usd18(10 * X18), Usd18(6 * X18), None)})
    assert {(row.market, row.underlying) for row in rows} == {("TOY-PERP", "TOY")}
    assert [row.liquidation_price for row in rows] == [None, 120.0]
    assert (rows[0].size, rows[0].open_notional_usd, rows[0].equity_usd, rows[0].requirement_usd) == (-1.0, 90.0, 10.0, 6.0)


def test_times_are_whole_microseconds() -> None:
    assert recording.timestamp_us(1_700_000_000.25) == 1_700_000_000_250_000
