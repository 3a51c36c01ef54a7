"""Results of attempts, made by hand."""

from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fixed import X18
from keeper.domain.records import MicroTime
from keeper.domain.result import Result

SECOND_US = 10**6


def result(number: int, outcome: str, block: BlockRef, *, usd: int = 0, at_s: float = 0.0) -> Result:
    """Of transaction `number`."""
    return Result(Hash32(f"0x{number:064x}"), CandidateId("c"), outcome, block.hash, usd * X18, MicroTime(int(at_s * SECOND_US)))
