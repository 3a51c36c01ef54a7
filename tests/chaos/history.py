"""What the chain itself has of a scenario: its blocks, the venue's logs, our transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from contracts.devnet.rpc import Rpc
from tests.chaos.ground import Ground
from tests.chaos.log import Log, topic_of


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction of ours in a block. `cost_wei` is all of its fee."""

    hash: str
    nonce: int
    block: int
    block_hash: str
    good: bool
    gas_used: int
    cost_wei: int


@dataclass
class History:
    """The canonical chain from the first block of the scenario on. `trades` are the topics of the venue's trades."""

    trades: frozenset[str]
    hashes: dict[int, str] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)
    mined: list[Mined] = field(default_factory=list)
    transfers: list[Mined] = field(default_factory=list)
    """What we sent to ourselves: nonces used up, cancelled jobs."""

    @cached_property
    def head(self) -> int:
        """The newest block."""
        return max(self.hashes)

    @cached_property
    def moved(self) -> frozenset[int]:
        """Blocks in which somebody else traded, and so moved the pools: ahead of us, as the market's maker pays more for his place."""
        ours = {item.hash for item in self.mined}
        return frozenset(log.block for log in self.logs if log.topic in self.trades and log.transaction not in ours)


def read_history(rpc: Rpc, ground: Ground) -> History:
    """All blocks with their receipts; logs of the venue from its first block, ours from the end of the set-up."""
    deployment = ground.deployment
    history = History(frozenset(map(topic_of, ground.trades)))
    head = int(rpc.call("eth_blockNumber"), 16)
    numbers = range(deployment.start_block, head + 1)
    topics = {(address.lower(), topic_of(signature)) for address, signatures in ground.events.items() for signature in signatures}
    operator, executor = deployment.keeper.lower(), deployment.executor.lower()
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(number), True]) for number in numbers])
    receipts = rpc.batch([("eth_getBlockReceipts", [hex(number)]) for number in numbers])
    for number, block, listed in zip(numbers, blocks, receipts, strict=True):
        history.hashes[number] = block["hash"]
        nonces = {item["hash"]: int(item["nonce"], 16) for item in block["transactions"]}
        for receipt in listed:
            history.logs += [
                Log(number, block["hash"], int(log["logIndex"], 16), log["transactionHash"], tuple(log["topics"]))
                for log in receipt["logs"]
                if log["topics"] and (log["address"].lower(), log["topics"][0]) in topics
            ]
            if number > deployment.ready_block and receipt["from"].lower() == operator:
                ours = {executor: history.mined, operator: history.transfers}.get((receipt["to"] or "").lower(), [])
                ours.append(_mined(receipt, nonces, number, block["hash"]))
    return history


def _mined(receipt: Mapping[str, Any], nonces: Mapping[str, int], number: int, block_hash: str) -> Mined:
    used = int(receipt["gasUsed"], 16)
    cost = used * int(receipt["effectiveGasPrice"], 16)
    return Mined(receipt["transactionHash"], nonces[receipt["transactionHash"]], number, block_hash, receipt["status"] == "0x1", used, cost)
