"""The JSON-RPC client this package needs. The chain adapter's client satisfies it by shape, and so does a fork's own connection."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from keeper.domain.chain import BlockRef
from keeper.errors import RpcError

Json: TypeAlias = Any
"""A decoded JSON value. Its users check what they need of it."""
Answer: TypeAlias = Json | RpcError
"""The result of one call of a batch, or the error it was answered with."""


class Node(Protocol):
    """One JSON-RPC node, or several that stand for each other."""

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """One call's result. Raises RpcError (the node said no), RpcUnavailable or RpcLimited (there was no answer)."""

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[Answer]:
        """Answers in the order of the calls; a call's own RpcError stands in its place. Raises RpcUnavailable or RpcLimited."""


class ChainNode(Node, Protocol):
    """The endpoints of a chain, also one by one, with proven receipts."""

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[tuple[str, Sequence[Answer]]]:
        """The answers of each endpoint that answers in time, by its name; empty when none does."""

    async def block_receipts(self, block: BlockRef) -> Sequence[Mapping[str, Json]] | None:
        """All receipts of `block`, proven by its header; None where no endpoint offers them, or this chain's cannot be proven.

        Raises BlockUnknown, RpcUnavailable."""


def result_of(answer: Answer) -> Json:
    """The result of one call of a batch. Raises the RpcError that stands in its place."""
    if isinstance(answer, RpcError):
        raise answer
    return answer
