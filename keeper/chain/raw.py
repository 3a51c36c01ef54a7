"""Raw JSON-RPC calls, for callers that know the methods themselves (execution, checks)."""

from collections.abc import Awaitable, Callable, Sequence

from keeper.chain.pool import Pool
from keeper.chain.proof import Receipts
from keeper.chain.query import Decode, T
from keeper.chain.rpc import Answer, Endpoint, Json, RpcCall
from keeper.domain.call_failure import is_call_failure
from keeper.domain.chain import BlockRef, Purpose
from keeper.errors import RpcError


class RawCalls:
    """Calls for one purpose, to whichever endpoint works, or to `only` one. Satisfies execution's port `Node`."""

    def __init__(self, pool: Pool, purpose: Purpose, only: Endpoint | None = None) -> None:
        self._pool = pool
        self._purpose = purpose
        self._only = only

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """One call's result. Raises RpcError when no endpoint has a better answer, RpcUnavailable, RpcLimited."""
        return await self._ask([RpcCall(method, params)], _only_result)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> list[Answer]:
        """Several calls in one request, answered in order; a call's own RpcError is returned in its place.

        An answer with errors that are not the contract's doing is taken only when no endpoint gives a better one."""
        answer_lists: list[list[Answer]] = []

        def decode(answers: Sequence[Answer]) -> list[Answer]:
            answer_lists.append(list(answers))
            for answer in answers:
                if isinstance(answer, RpcError) and not is_call_failure(answer):
                    raise answer
            return answer_lists[-1]

        try:
            return await self._ask([RpcCall(method, params) for method, params in calls], decode)
        except RpcError:
            return min(answer_lists, key=lambda answers: sum(isinstance(answer, RpcError) for answer in answers))

    async def _ask(self, calls: Sequence[RpcCall], decode: Decode[T]) -> T:
        if self._only is not None:
            return await self._pool.ask_only(self._only, calls, decode, purpose=self._purpose)
        return await self._pool.ask(calls, decode, purpose=self._purpose)


class ChainCalls(RawCalls):
    """Calls to whichever endpoint works, the opinions of each endpoint, and proven receipts. Satisfies execution's port `ChainNode`."""

    def __init__(self, pool: Pool, purpose: Purpose, receipts: Callable[[BlockRef], Awaitable[Receipts | None]]) -> None:
        super().__init__(pool, purpose)
        self._receipts = receipts

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[tuple[str, list[Answer]]]:
        """The answers of each endpoint that answers in time, by the endpoint's name; empty when none does."""
        requests = [RpcCall(method, params) for method, params in calls]
        opinions = await self._pool.opinions(requests, list, purpose=self._purpose)
        return [(endpoint.name, answers) for endpoint, answers in opinions]

    async def block_receipts(self, block: BlockRef) -> Receipts | None:
        """As `ChainClient.block_receipts`."""
        return await self._receipts(block)


def _only_result(answers: Sequence[Answer]) -> Json:
    if isinstance(answers[0], RpcError):
        raise answers[0]
    return answers[0]
