"""A contract that logs, on an anvil that mines when told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contracts.devnet.anvil import Anvil
from contracts.devnet.rpc import Rpc
from keeper.chain.log import parse_log
from keeper.domain.chain import Address, LogFilter, RawLog

EMITTER = Address("0x" + "e1" * 20)
TOPIC = bytes(31) + b"\x07"
FILTER = LogFilter((EMITTER,), (TOPIC,))
# PUSH1 42, PUSH1 0, MSTORE; LOG1 of that word with topic 7.
_LOGS_ONCE = "0x602a600052600760206000a1"


@dataclass
class Emitter:
    """Drives the chain. Blocking, as its calls to a local node take a millisecond."""

    url: str
    ws_url: str
    rpc: Rpc
    sender: str

    @staticmethod
    @contextmanager
    def on(anvil: Anvil) -> "Iterator[Emitter]":
        """Puts the contract there."""
        with Rpc(anvil.url) as rpc:
            rpc.call("anvil_setCode", EMITTER, _LOGS_ONCE)
            yield Emitter(anvil.url, anvil.ws_url, rpc, rpc.call("eth_accounts")[0])

    def mine(self, logs: int) -> None:
        """One block with that many logs."""
        for _ in range(logs):
            self.rpc.call("eth_sendTransaction", self._transaction())
        self.rpc.call("evm_mine")

    def reorg(self, depth: int, logs: list[int]) -> None:
        """Replace the newest `depth` blocks; the new block number i has `logs[i]` logs."""
        pairs = [[self._transaction(), place] for place, count in enumerate(logs) for _ in range(count)]
        self.rpc.call("anvil_reorg", depth, pairs)

    def replace(self, depth: int, logs: list[int]) -> None:
        """A reorg and one block more, as a chain that wins has."""
        self.reorg(depth, logs)
        self.mine(1)

    def canonical(self, last: int) -> list[tuple[str, tuple[RawLog, ...]]]:
        """The hash and logs of every block up to `last`, by one eth_getLogs over the whole range."""
        found: dict[int, list[RawLog]] = {}
        for item in self.rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": hex(last), "address": EMITTER}):
            found.setdefault(int(item["blockNumber"], 16), []).append(parse_log(item))
        headers = self.rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(last + 1)])
        return [(header["hash"], tuple(found.get(number, ()))) for number, header in enumerate(headers)]

    def head(self) -> int:
        """The number of the newest block."""
        return int(self.rpc.call("eth_blockNumber"), 16)

    def _transaction(self) -> dict[str, Any]:
        return {"from": self.sender, "to": EMITTER, "data": "0x", "gas": hex(60_000)}
