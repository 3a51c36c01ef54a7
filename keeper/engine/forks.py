"""Do the endpoints see the same chain? One on another fork answers everything, promptly and wrongly."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from keeper.domain.agreement import agreement

_PART = "forks"
_DEPTH = 3
"""Blocks below the head at which endpoints that see the same chain have the same block."""


class Endpoints(Protocol):
    """Several endpoints of one chain."""

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[tuple[str, list[Any]]]:
        """What each endpoint that answers in time says to the same calls, by the endpoint's name."""

    def distrust(self, endpoint: str, reason: str) -> None:
        """Ask this endpoint last for a while."""


class ForkWatch:
    """Compares the endpoints' blocks a little below the head. `report` tells ("forks", a sentence) while two differ and nobody can tell
    who is right; of three and more the majority does, and the others are distrusted."""

    def __init__(self, chain: Endpoints, report: Callable[[str, str | None], None]) -> None:
        self._chain = chain
        self._report = report

    async def check(self, head: int) -> None:
        """Compare, with the head at block number `head`. Endpoints that are behind have no voice."""
        number = max(0, head - _DEPTH)
        said = await self._chain.opinions([("eth_getBlockByNumber", [hex(number), False])])
        hashes = [(name, block["hash"]) for name, (block,) in said if isinstance(block, dict)]
        verdict = agreement(hashes)
        if verdict is None and hashes:
            differing = "; ".join(f"{name} has {block_hash}" for name, block_hash in hashes)
            self._report(_PART, f"endpoints are on different forks, block {number}: {differing}; remove the wrong one from chain.rpc_urls")
        if verdict is not None:
            self._report(_PART, None)
            for name in verdict.dissenters:
                self._chain.distrust(name, f"is on another fork: block {number} is not {verdict.value}")
