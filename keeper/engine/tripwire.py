"""The running proof: our margins against the contract's own view, at the same block hash, account by account."""

from collections.abc import Mapping, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef
from keeper.domain.health import Health
from keeper.domain.records import AccountSnapshotRecord
from keeper.engine.evaluator import Evaluator
from keeper.engine.parity import parity_rows
from keeper.engine.ports import Witnesses
from keeper.engine.recording import BlockKeys


class Tripwire:
    """Compares a few accounts every few blocks, in rotation, so that its cost does not grow with the book; everybody once after the start.

    The views come from another endpoint than the reads, where there is one: whoever hides a breach must lie to both alike."""

    def __init__(self, chain: Witnesses, *, every_blocks: int, accounts: int) -> None:
        self._chain = chain
        self._every_blocks = every_blocks
        self._accounts = accounts
        self._last: dict[str, AccountKey] = {}
        self._begun: set[str] = set()

    def sample(self, venue: str, evaluator: Evaluator, block_number: int) -> frozenset[AccountKey]:
        """The accounts of a venue to compare at this block; empty in blocks without a comparison."""
        if self._every_blocks and venue not in self._begun:
            return frozenset(evaluator.book.account_keys())
        if not self._every_blocks or block_number % self._every_blocks:
            return frozenset()
        keys = sorted(evaluator.book.account_keys())
        last = self._last.get(venue)
        start = next((index for index, key in enumerate(keys) if last is None or key > last), 0)
        sample = (keys[start:] + keys[:start])[: self._accounts]
        if sample:
            self._last[venue] = sample[-1]
        return frozenset(sample)

    async def compare(self, evaluator: Evaluator, sample: frozenset[AccountKey], keys: BlockKeys) -> Sequence[AccountSnapshotRecord]:
        """Rows of the comparison. The book must stand at the block of `keys`."""
        local = local_health(evaluator, sample, keys.block)
        views = await self._chain.run_elsewhere(evaluator.venue.chain_views(sorted(local)), keys.block)
        self._begun.add(keys.venue)
        return parity_rows(keys, views, local)


def local_health(evaluator: Evaluator, keys: frozenset[AccountKey], block: BlockRef) -> Mapping[AccountKey, Health]:
    """Exact local figures of the accounts that are still in the book."""
    present = keys & evaluator.book.account_keys()
    return {key: evaluator.venue.health(key, evaluator.book, block.timestamp) for key in present}
