"""Breakers hear of outcomes as they are recorded, and after a restart of what the lake has of them."""

import pytest

from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.records import OutcomeRecord, raw
from keeper.domain.skip_reason import SkipReason
from keeper.engine.breakers import Breakers
from keeper.engine.false_positives import FalsePositives
from keeper.engine.gates import Gate, Gates
from keeper.engine.loss_limit import LossLimit
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.fakes import OPERATOR, block_ref
from tests.keeper.engine.memory import ListLake
from tests.keeper.engine.results import SECOND_US, result

DAY = 86_400
NOW = 5.0 * DAY


def _breakers() -> Breakers:
    false_positives = FalsePositives(2, 60 * SECOND_US, lambda: NOW, lambda: False)
    loss_limit = LossLimit(100 * X18, lambda: NOW)
    gates = [Gate(SkipReason.FALSE_POSITIVES, false_positives.problem), Gate(SkipReason.LOSS_LIMIT, loss_limit.problem)]
    return Breakers(false_positives, loss_limit, Gates(gates, lambda name, problem: None), lambda: NOW)


def _row(number: int, outcome: str, profit_usd: int, tokens_usd: float = 0.0, gas_usd: float = 1.5) -> OutcomeRecord:
    block = block_ref(number)
    return OutcomeRecord(
        chain_id=1, venue="toy", account="0xa", block_number=number, block_hash=block.hash, block_time=Timestamp(0), candidate_id="c",
        transaction_hash=f"0x{number:064x}", nonce=number, outcome=outcome, reason=None, gas_used=1, gas_cost_wei=1, gas_cost_usd=gas_usd,
        profit_raw=raw(profit_usd * X18), profit_usd=float(profit_usd), tokens_value_usd=tokens_usd, tokens="[]", blocks_since_seen=None,
        usd_decimals=18,
    )  # fmt: skip


def _stopped(breakers: Breakers) -> SkipReason | None:
    skip = breakers.gates.stop(decision_of("0xb"))
    return skip.reason if skip is not None else None


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([_row(1, "included", -99, gas_usd=1.0)], None),
        ([_row(1, "included", -99, gas_usd=1.5)], SkipReason.LOSS_LIMIT),
        ([_row(1, "included", -120, tokens_usd=40.0)], None),
        ([_row(1, "reverted", 0), _row(2, "outbid", 0)], None),
        ([_row(1, "reverted", 0), _row(2, "reverted", 0)], SkipReason.FALSE_POSITIVES),
    ],
    ids=["just within", "gas counts", "tokens count", "a lost race", "a series"],
)
def test_recorded_outcomes_trip_them(rows: list[OutcomeRecord], reason: SkipReason | None) -> None:
    breakers = _breakers()
    breakers.record(rows)
    assert _stopped(breakers) is reason


def test_a_restart_remembers_the_last_day() -> None:
    """Not what is older."""
    old, recent = (result(number, "included", block_ref(number), usd=-101, at_s=NOW - age) for number, age in ((1, DAY + 1), (2, DAY - 1)))
    for earned, reason in (([old], None), ([old, recent], SkipReason.LOSS_LIMIT)):
        breakers = _breakers()
        breakers.recall(ListLake(earned=earned), [OPERATOR])
        assert _stopped(breakers) is reason


def test_an_outcome_told_once_more_after_a_restart_counts_once() -> None:
    breakers = _breakers()
    breakers.recall(ListLake(earned=[result(1, "included", block_ref(1), usd=-60, at_s=NOW)]), [OPERATOR])
    breakers.record([_row(1, "included", -60)])
    assert _stopped(breakers) is None


def test_what_an_orphaned_block_decided_is_void() -> None:
    breakers = _breakers()
    breakers.record([_row(1, "reverted", -60), _row(2, "reverted", -60)])
    breakers.reverted([block_ref(2)])
    assert _stopped(breakers) is None
