"""One query sent to several endpoints: to the next when one fails, and to the next as well when one is slow (a hedged request)."""

import asyncio
from collections.abc import Sequence
from typing import Generic

from keeper.chain.client import Client
from keeper.chain.member import Member
from keeper.chain.query import Query, T
from keeper.chain.ranking import Ranking
from keeper.chain.refusals import SizeLimited, is_not_offered
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Endpoint, RpcTimeout
from keeper.domain.call_failure import is_call_failure, is_out_of_gas
from keeper.errors import BlockUnknown, RpcError, Transient


class HedgedRequest(Generic[T]):
    """One round of one query. For a single use."""

    def __init__(self, client: Client, ranking: Ranking, retry: RetryOptions, query: Query[T]) -> None:
        self._client = client
        self._ranking = ranking
        self._retry = retry
        self._query = query
        self._sent: list[Member] = []
        self._pending: dict[asyncio.Task[T], Member] = {}
        self._failures: list[tuple[Member, Transient | RpcError]] = []

    async def send(self, order: Sequence[Member]) -> tuple[Endpoint, T]:
        """The first good answer, and the endpoint that gave it.

        Raises at once what no other endpoint would change, else the most telling of the failures when all have failed. No task is left
        behind."""
        try:
            for place, member in enumerate(order):
                self._sent.append(member)
                self._pending[asyncio.create_task(self._client.ask(member, self._query))] = member
                patience_s = member.patience_s(self._query.calls, self._retry, bulky=self._query.bulky)
                answer = await self._first_answer(patience_s if place + 1 < len(order) else None)
                if answer is not None:
                    return answer
        finally:
            await self._cancel()
        raise _most_telling([error for _, error in self._failures])

    async def _first_answer(self, patience_s: float | None) -> tuple[Endpoint, T] | None:
        """The next good answer; None after a failure while members are left to ask, or after `patience_s`."""
        while self._pending:
            answers, _ = await asyncio.wait(self._pending, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            for task in answers:
                member = self._pending.pop(task)
                try:
                    value = task.result()
                except (Transient, RpcError) as error:
                    self._record_failure(member, error)
                else:
                    self._demote_losers(member)
                    return member.endpoint, value
            if patience_s is not None:
                return None
        return None

    def _record_failure(self, member: Member, error: Transient | RpcError) -> None:
        """Raises the error when no other endpoint would change it."""
        if _is_final(error, self._query):
            raise error
        if isinstance(error, Transient) and not isinstance(error, SizeLimited):
            self._ranking.set_aside(member, error, self._query.purpose)
        self._failures.append((member, error))

    def _demote_losers(self, winner: Member) -> None:
        """Set aside the members asked before the winner that have not answered, and those whose error the winner's answer refutes. A block
        that is not known yet and a method that is not offered are no fault."""
        for member in self._sent[: self._sent.index(winner)]:
            if any(member is slow for slow in self._pending.values()):
                error = RpcTimeout(f"{member.endpoint.name}: slower than an endpoint that was asked later")
                self._ranking.set_aside(member, error, self._query.purpose)
        for member, failure in self._failures:
            if isinstance(failure, RpcError) and (is_node_error(failure) or is_out_of_gas(failure)) and not is_not_offered(failure):
                self._ranking.set_aside(member, failure, self._query.purpose)

    async def _cancel(self) -> None:
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)


def is_node_error(error: RpcError) -> bool:
    """Whether an error says something about the node, and nothing about the block or the contract."""
    return not isinstance(error, BlockUnknown) and not is_call_failure(error)


def _is_final(error: Transient | RpcError, query: Query[T]) -> bool:
    """Whether there is no use in asking another endpoint: the contract itself fails, or the caller can ask for less."""
    if isinstance(error, SizeLimited):
        return query.bulky
    return isinstance(error, RpcError) and is_call_failure(error) and not is_out_of_gas(error)


def _most_telling(failures: Sequence[Transient | RpcError]) -> Transient | RpcError:
    """An unknown block is news about the block; an error is at least an answer, and so is a limit; else the last failure."""
    for kind in (BlockUnknown, RpcError, SizeLimited):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    return failures[-1]
