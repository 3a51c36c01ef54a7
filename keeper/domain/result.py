"""What an attempt came to, in money."""

from dataclasses import dataclass

from keeper.domain.chain import Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fixed import X18
from keeper.domain.records import MicroTime, OutcomeRecord


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome as the lake has it: its word there ("included", "reverted", ...), the block that decided it (or the head at which it was
    known), and `change_x18`, the proceeds less gas (USD, 18 decimals). `at_us`: when it was known here, or the transaction was sent (Unix
    microseconds)."""

    transaction_hash: Hash32
    candidate_id: CandidateId
    outcome: str
    block_hash: Hash32
    change_x18: int
    at_us: MicroTime


def result_of(row: OutcomeRecord, at_us: MicroTime) -> Result:
    """The result of an outcome that is recorded now."""
    change_x18 = change_of(row.profit_raw, row.tokens_value_usd, row.gas_cost_usd)
    return Result(Hash32(row.transaction_hash), CandidateId(row.candidate_id), row.outcome, Hash32(row.block_hash), change_x18, at_us)


def change_of(profit_raw: str, tokens_value_usd: float, gas_cost_usd: float) -> int:
    """Proceeds less gas, out of the columns of outcomes; USD, 18 decimals. The dollars of tokens and gas stand there as floats, and so they
    count: what the lake says after a restart is what was counted before."""
    return int(profit_raw) + round((tokens_value_usd - gas_cost_usd) * X18)
