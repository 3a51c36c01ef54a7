"""How many transactions an account has sent, as all endpoints agree."""

from dataclasses import dataclass

from keeper.domain.chain import Address
from keeper.domain.parse import quantity
from keeper.errors import RpcError, RpcUnavailable
from keeper.execution.node import ChainNode, Json


@dataclass(frozen=True, slots=True)
class TransactionCounts:
    """Of transactions in blocks, of these and those pending, and the number of the newest block."""

    used: int
    pending: int
    newest_block: int


async def transaction_counts(node: ChainNode, sender: Address) -> TransactionCounts:
    """The lowest counts and the highest block of all endpoints that answer. Raises RpcUnavailable where none does."""
    questions: list[tuple[str, list[Json]]] = [("eth_getTransactionCount", [sender, tag]) for tag in ("latest", "pending")]
    opinions = await node.opinions([*questions, ("eth_blockNumber", [])])
    complete = [[answer for answer in answers if not isinstance(answer, RpcError)] for _, answers in opinions]
    answers = [[quantity(answer) for answer in each] for each in complete if len(each) == len(questions) + 1]
    if not answers:
        raise RpcUnavailable(f"no endpoint tells the transaction count of {sender}")
    used, pending, newest = zip(*answers, strict=True)
    return TransactionCounts(min(used), min(pending), max(newest))
