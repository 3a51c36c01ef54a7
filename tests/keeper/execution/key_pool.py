"""Several keys as one dispatcher, on a node that mines what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keeper.domain.chain import Address
from keeper.domain.fees import Fees
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.dispatcher_pool import DispatcherPool
from keeper.execution.spending import Purse
from tests.keeper.execution.gated_signer import GatedSigner
from tests.keeper.execution.shared_node import SharedNode
from tests.keeper.execution.test_dispatcher import FEES, GAS, GWEI, job

WORST = GAS * FEES.max_fee_wei
"""The most that a job of the tests can cost."""
PAID = 50_000 * GWEI
"""What a mined transaction costs at this node."""


@dataclass
class Keys:
    """A pool, its lanes, and what they sign with."""

    pool: DispatcherPool
    lanes: Sequence[TransactionDispatcher]
    signers: Sequence[GatedSigner]
    node: SharedNode

    @property
    def senders(self) -> list[Address]:
        return [signer.address for signer in self.signers]

    async def sent(self, name: str, fees: Fees = FEES) -> Address:
        """Who sent it."""
        (attempt,) = await self.pool.send(job(name), fees)
        return attempt.sender


@asynccontextmanager
async def key_pool(state_dir: Path, count: int = 2, node: SharedNode | None = None, **changes: Any) -> AsyncIterator[Keys]:
    """Open and started, on a node of its own where none is given; `changes` are of the DispatcherOptions."""
    node, signers = node or SharedNode(), [GatedSigner.opened(bytes([number]) * 32) for number in range(1, count + 1)]
    choices: dict[str, Any] = {"bump_after_blocks": 2, "spending_cap_wei_per_day": 10**18, **changes}
    options = DispatcherOptions(chain_id=1, state_dir=state_dir, max_fee_cap_wei=100 * GWEI, **choices)
    purse = Purse()
    async with AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(TransactionDispatcher(options, signer, node, purse=purse)) for signer in signers]
        for lane in lanes:
            await lane.start()
        yield Keys(DispatcherPool(lanes), lanes, signers, node)
