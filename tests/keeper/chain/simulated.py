"""A chain in memory that mines, reorganises and answers like a node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from keeper.chain.bloom import bloom_mask
from keeper.domain.chain import Address, BlockRef, Hash32, LogFilter, RawLog, Timestamp
from keeper.errors import RpcError

CONTRACT = Address("0x" + "11" * 20)
OTHER = Address("0x" + "22" * 20)
TOPIC = bytes(31) + b"\x07"
FILTER = LogFilter((CONTRACT,), (TOPIC,))


@dataclass(frozen=True)
class SimulatedBlock:
    ref: BlockRef
    logs: tuple[RawLog, ...]

    def header(self) -> dict[str, Any]:
        bloom = 0
        for log in self.logs:
            for value in (bytes.fromhex(log.address[2:]), *log.topics):
                bloom |= bloom_mask(value)
        return {
            "number": hex(self.ref.number),
            "hash": self.ref.hash,
            "parentHash": self.ref.parent_hash,
            "timestamp": hex(self.ref.timestamp),
            "baseFeePerGas": hex(self.ref.base_fee_wei),
            "logsBloom": f"0x{bloom:0512x}",
        }


def log_json(log: RawLog) -> dict[str, Any]:
    return {
        "address": log.address,
        "topics": ["0x" + topic.hex() for topic in log.topics],
        "data": "0x" + log.data.hex(),
        "blockNumber": hex(log.block_number),
        "blockHash": log.block_hash,
        "transactionHash": log.transaction_hash,
        "logIndex": hex(log.log_index),
        "removed": False,
    }


def make_block(parent: BlockRef | None, salt: int, logs: int) -> SimulatedBlock:
    """The block after `parent` with `logs` wanted logs and one unwanted; `salt` tells forks apart."""
    number = 0 if parent is None else parent.number + 1
    parent_hash = Hash32("0x" + "00" * 32) if parent is None else parent.hash
    block_hash = Hash32("0x" + keccak(f"{parent_hash}{number}{salt}".encode()).hex())
    ref = BlockRef(number, block_hash, parent_hash, Timestamp(1_700_000_000 + 2 * number), 7 + number)
    found = [
        RawLog(address, (TOPIC,), salt.to_bytes(32, "big"), number, block_hash, block_hash, index)
        for index, address in enumerate([OTHER, *[CONTRACT] * logs])
    ]
    return SimulatedBlock(ref, tuple(found))


Chain = tuple[SimulatedBlock, ...]


class SimulatedNode:
    """`chain` is canonical; every block ever mined can be asked for by hash, as on a node that keeps side forks."""

    def __init__(self, salt: int = 0) -> None:
        """Chains of different `salt` share only the first block."""
        genesis = make_block(None, 0, 0)
        self.chain: Chain = (genesis,)
        self.by_hash: dict[str, SimulatedBlock] = {genesis.ref.hash: genesis}
        self.highest = 0
        self.asked: list[str] = []
        self._salt = salt

    @property
    def tip(self) -> BlockRef:
        return self.chain[-1].ref

    def tip_header(self) -> dict[str, Any]:
        """The newest block's header as a node writes it."""
        return self.chain[-1].header()

    def mine(self, logs: Sequence[int]) -> None:
        """One block per entry, with that many wanted logs."""
        for count in logs:
            self._salt += 1
            block = make_block(self.tip, self._salt, count)
            self.by_hash[block.ref.hash] = block
            self.chain = (*self.chain, block)
        self.highest = max(self.highest, self.tip.number)

    def reorg(self, depth: int, logs: Sequence[int]) -> None:
        """Replace the newest `depth` blocks by blocks with these many logs."""
        self.chain = self.chain[: len(self.chain) - depth]
        self.mine(logs)

    def answer(self, chain: Chain | None = None) -> Callable[[str, Sequence[Any]], Any]:
        """Answers of a node that sees `chain` as canonical (a backend that lags), by default the present one."""
        seen = self.chain if chain is None else chain

        def by_method(method: str, params: Sequence[Any]) -> Any:
            self.asked.append(method)
            if method == "eth_getBlockByNumber":
                number = seen[-1].ref.number if params[0] == "latest" else int(params[0], 16)
                return seen[number].header() if number < len(seen) else None
            if method == "eth_getBlockByHash":
                block = self._known(params[0], seen)
                return block.header() if block else None
            if method == "eth_getLogs":
                return self._logs(params[0], seen)
            return RpcError(-32_601, "Method not found")

        return by_method

    def _known(self, block_hash: str, seen: Chain) -> SimulatedBlock | None:
        block = self.by_hash.get(block_hash)
        return block if block is not None and block.ref.number < len(seen) else None

    def _logs(self, criteria: Any, seen: Chain) -> Any:
        if "blockHash" in criteria:
            block = self._known(criteria["blockHash"], seen)
            if block is None:
                return RpcError(-32_000, "unknown block")
            blocks: Sequence[SimulatedBlock] = [block]
        else:
            blocks = seen[int(criteria["fromBlock"], 16) : int(criteria["toBlock"], 16) + 1]
        return [log_json(log) for block in blocks for log in block.logs if log.address in criteria["address"]]


def wanted(block: SimulatedBlock) -> tuple[RawLog, ...]:
    """The logs that FILTER selects."""
    return tuple(log for log in block.logs if log.address == CONTRACT)
