"""A chain in manual mining, and dispatchers on it. Accounts are contracts that count what reached them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eth_account import Account

from contracts.devnet.rpc import Rpc
from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Job, Part
from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.parse import hash32
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.fork_connection import ForkConnection
from keeper.execution.local_signer import LocalSigner
from keeper.execution.node import Node
from tests.keeper.execution.alone import Alone

GWEI = 10**9
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
COUNTER = Address("0x00000000000000000000000000000000000c0de5")
LEDGER = Address("0x00000000000000000000000000000000000c0de7")
GRUMPY = Address("0x00000000000000000000000000000000000c0de6")
GAS = 100_000
FEES = Fees(2 * GWEI, GWEI)
BASE_FEE = GWEI // 10
BLOCK_GAS = 60_000_000


@dataclass
class Bench:
    """One chain in manual mining, and the dispatchers of a test on it."""

    rpc: Rpc
    url: str
    state_dir: Path
    now: float = 1_700_000_000.0
    notes: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def dispatcher(
        self, node: Node | None = None, senders: Sequence[Node] = (), **changes: Any
    ) -> AsyncIterator[TransactionDispatcher]:
        settings: dict[str, Any] = {
            "chain_id": 31_337,
            "state_dir": self.state_dir,
            "max_fee_cap_wei": 100 * GWEI,
            "spending_cap_wei_per_day": 10**18,
            "bump_after_blocks": 2,
            "max_bumps": 2,
            "dropped_after_blocks": 8,
            "final_after_blocks": 6,
            **changes,
        }
        async with ForkConnection(self.url, 10) as own:
            signer = LocalSigner(Account.from_key(KEY))
            made = TransactionDispatcher(
                DispatcherOptions(**settings),
                signer,
                Alone(node or own),
                *(senders or [node or own]),
                clock=lambda: self.now,
                notice=self.notes.append,
            )
            async with made as dispatcher:
                await dispatcher.start()
                yield dispatcher

    @classmethod
    def on(cls, rpc: Rpc, url: str, state_dir: Path) -> Bench:
        """Put the contracts on the chain: one counts calls, one counts them by the number they carry, one reverts with deadbeef."""
        rpc.call("anvil_setCode", LEDGER, "0x6000358054600101905500")
        rpc.call("anvil_setCode", COUNTER, "0x60005460010160005500")
        rpc.call("anvil_setCode", GRUMPY, "0x63deadbeef6000526004601cfd")
        return cls(rpc, url, state_dir)

    def head(self) -> BlockRef:
        block = self.rpc.call("eth_getBlockByNumber", "latest", False)
        return BlockRef(
            int(block["number"], 16),
            hash32(block["hash"]),
            hash32(block["parentHash"]),
            Timestamp(int(block["timestamp"], 16)),
            int(block["baseFeePerGas"], 16),
        )

    def canonical(self, block: BlockRef) -> bool:
        """True while the chain has this very block."""
        found: str = self.rpc.call("eth_getBlockByNumber", hex(block.number), False)["hash"]
        return found == block.hash

    def mine(self) -> BlockRef:
        """A block with everything the pool has."""
        self.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(BASE_FEE))
        self.rpc.call("evm_mine")
        return self.head()

    def mine_empty(self) -> BlockRef:
        """A block too small for any transaction: all stay in the pool."""
        self.rpc.call("evm_setBlockGasLimit", hex(20_000))
        head = self.mine()
        self.rpc.call("evm_setBlockGasLimit", hex(BLOCK_GAS))
        return head

    def reorg(self, depth: int) -> BlockRef:
        """Replace the last blocks with empty ones; their transactions are forgotten, by the pool too."""
        self.rpc.call("anvil_reorg", depth, [])
        # anvil goes on with the gas limit of the block below, which may be one of ours that was made too small on purpose.
        self.rpc.call("evm_setBlockGasLimit", hex(BLOCK_GAS))
        return self.head()

    def job(self, name: str, to: Address = COUNTER, budget_wei: int = 10**16) -> Job:
        return Job((Part(CandidateId(name), "venue", AccountKey(f"account-{name}")),), self.head(), to, b"", GAS, budget_wei)

    def numbered_job(self, number: int) -> Job:
        """A job whose effects can be told from other jobs' effects: see `effects`."""
        return replace(self.job(f"n{number}", to=LEDGER), calldata=number.to_bytes(32, "big"))

    def effects(self, number: int) -> int:
        """How often the job of that number took effect on the chain."""
        return int(self.rpc.call("eth_getStorageAt", LEDGER, hex(number), "latest"), 16)

    def count(self) -> int:
        return int(self.rpc.call("eth_getStorageAt", COUNTER, "0x0", "latest"), 16)

    def pool(self) -> dict[int, str]:
        """Hash by nonce of the pool's transactions of our key."""
        content = self.rpc.call("txpool_content")
        return {
            int(nonce): item["hash"] for part in ("pending", "queued") for sent in content[part].values() for nonce, item in sent.items()
        }


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(_awaited(test))


async def _awaited(test: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(60):
        await test()


async def sent(dispatcher: TransactionDispatcher, job: Job, fees: Fees = FEES) -> Attempt:
    (attempt,) = await dispatcher.send(job, fees)
    return attempt
