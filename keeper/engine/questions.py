"""Answers to a venue's questions: from the chain, or from what was recorded when the chain was asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from keeper.domain.chain import BlockRef, Timestamp
from keeper.domain.venue import AccountKey, B, E, Venue
from keeper.engine.ports import Chain


class ChainQuestions:
    """Asks the chain, pinned to the block's hash; times after the block's own are asked with a block-time override."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    async def refresh(self, venue: Venue[B, E], book: B, block: BlockRef, at: Timestamp) -> Sequence[E]:
        """Market reads valid at `at`."""
        return await self._chain.run(venue.refresh(book, at), block, _override(block, at))

    async def inspect(self, venue: Venue[B, E], keys: Sequence[AccountKey], book: B, block: BlockRef, at: Timestamp) -> Sequence[E]:
        """Account reads valid at `at`."""
        return await self._chain.run(venue.inspect(keys, book, at), block, _override(block, at))


class RecordedQuestions:
    """Gives back what one recorded block's questions brought, by source name ("refresh", "forecast", ...)."""

    def __init__(self) -> None:
        self._answers: Mapping[str, Sequence[Any]] = {}

    def load(self, answers: Mapping[str, Sequence[Any]]) -> None:
        """Put in the answers of the block about to be replayed."""
        self._answers = answers

    async def refresh(self, venue: Venue[B, E], book: B, block: BlockRef, at: Timestamp) -> Sequence[E]:
        """Recorded market reads."""
        return self._answers.get("refresh" if at == block.timestamp else "forecast", ())

    async def inspect(self, venue: Venue[B, E], keys: Sequence[AccountKey], book: B, block: BlockRef, at: Timestamp) -> Sequence[E]:
        """Recorded account reads."""
        return self._answers.get("inspect" if at == block.timestamp else "inspect_forecast", ())


def _override(block: BlockRef, at: Timestamp) -> Timestamp | None:
    return None if at == block.timestamp else at
