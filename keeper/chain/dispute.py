"""Do the endpoints see the same chain? One on another fork answers everything, promptly and wrongly."""

from collections.abc import Sequence

from keeper.chain.fetch import BlockFetcher
from keeper.chain.header import Header
from keeper.chain.incident import Report
from keeper.chain.pool import Pool
from keeper.chain.segment import Segment
from keeper.domain.agreement import agreement

_PART = "forks"
_CHECKS_PER_DEPTH = 4


class Dispute:
    """Compares the endpoints' blocks at the newest height all of them have, a few times while a block becomes final: what they dispute must
    not become final. `report` takes ("forks", a sentence) while two differ; of three and more the majority decides."""

    def __init__(self, fetcher: BlockFetcher, pool: Pool, finality_depth: int, report: Report) -> None:
        self._fetcher = fetcher
        self._pool = pool
        self._every_blocks = max(1, finality_depth // _CHECKS_PER_DEPTH)
        self._report = report
        self._last_check = 0
        self.problem: str | None = None
        """What is in dispute, in one sentence."""

    async def examine(self, segment: Segment, headers: Sequence[Header]) -> None:
        """Compare again, if it is time: `headers` are about to follow the segment. Raises what `Pool.opinions` raises."""
        newest = headers[-1].ref.number
        if len(self._pool) < 2 or (self.problem is None and 0 <= newest - self._last_check < self._every_blocks):
            return
        heads = await self._fetcher.common_height()
        if len(heads) < 2:
            # Nothing to compare with: a dispute stands, and the comparison is due again at the next block.
            return
        self._last_check = newest
        verdict = agreement([(endpoint.name, block.hash) for endpoint, block in heads])
        if verdict is None:
            sentence = "; ".join(f"{endpoint.name} has {block.hash} as block {block.number}" for endpoint, block in heads)
            self._set(f"endpoints are on different chains: {sentence}; remove the wrong one from rpc_urls of the chain")
            return
        number = heads[0][1].number
        block = next((header.ref for header in headers if header.ref.number == number), segment.at(number))
        self._set(None if block is None or block.hash == verdict.value else f"most endpoints have another block {number} than {block.hash}")
        for endpoint, block in heads:
            if block.hash != verdict.value:
                self._pool.distrust(endpoint, f"is on another fork: its block {number} is {block.hash}, not {verdict.value}")

    def _set(self, problem: str | None) -> None:
        self.problem = problem
        self._report(_PART, problem)
