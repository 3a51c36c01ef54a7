"""One plain node as a pool of one, for a dispatcher: its receipts are taken as it gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keeper.domain.chain import BlockRef
from keeper.errors import Transient
from keeper.execution.node import Answer, Json, Node


@dataclass
class Alone:
    """Satisfies `ChainNode`."""

    inner: Node

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        return await self.inner.request(method, params)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[Answer]:
        return await self.inner.batch(calls)

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[tuple[str, Sequence[Answer]]]:
        try:
            return [("alone", await self.inner.batch(calls))]
        except Transient:
            return []

    async def block_receipts(self, block: BlockRef) -> Sequence[Mapping[str, Json]] | None:
        receipts: Sequence[Mapping[str, Json]] | None = await self.inner.request("eth_getBlockReceipts", [block.hash])
        return receipts
