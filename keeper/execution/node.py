"""What this package asks of a JSON-RPC client. The chain layer's client satisfies it by shape, and so does a fork's own connection."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from keeper.errors import RpcError

Json: TypeAlias = Any
"""A decoded JSON value; whoever takes it apart checks it."""
Answer: TypeAlias = Json | RpcError
"""The result of one call of a batch, or the error it was answered with."""


class Node(Protocol):
    """One JSON-RPC node, or several that stand for each other."""

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """One call's result. Raises RpcError (the node said no), RpcUnavailable or RpcLimited (there was no answer)."""

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[Answer]:
        """Answers in the order of the calls; a call's own RpcError stands in its place. Raises RpcUnavailable or RpcLimited."""


def result_of(answer: Answer) -> Json:
    """The result of one call of a batch. Raises the RpcError that stands in its place."""
    if isinstance(answer, RpcError):
        raise answer
    return answer
