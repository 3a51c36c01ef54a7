"""What an executor's exchange contracts say of themselves. It never changes, so each is asked until it has answered once."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from keeper.domain.chain import Address, BlockRef, Reads
from keeper.domain.exchange import Exchange, terms

T = TypeVar("T")


class PinnedReads(Protocol):
    """The part of the chain client that is used here."""

    async def run(self, reads: Reads[T], block: BlockRef) -> T:
        """Answers pinned to a block."""


class ExchangeTerms:
    """Of the exchanges of one executor at these addresses."""

    def __init__(self, node: PinnedReads, executor: Address, addresses: Sequence[Address]) -> None:
        self._node = node
        self._executor = executor
        self._addresses = addresses
        self._terms: dict[Address, Exchange] = {}

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """Those that have answered."""
        return tuple(self._terms.values())

    @property
    def missing(self) -> Sequence[Address]:
        """Those that have not, or are no exchange of this executor."""
        return [address for address in self._addresses if address not in self._terms]

    async def complete(self, block: BlockRef) -> None:
        """Ask those that are missing. Raises RpcError, Transient."""
        for address in self.missing:
            exchange = await self._node.run(terms(address), block)
            if exchange is not None and exchange.executor == self._executor:
                self._terms[address] = exchange
