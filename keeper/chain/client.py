"""Sends a query to one endpoint, or a request to all at once; an endpoint proves its chain id before its first answer is used."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from keeper.chain.member import Member
from keeper.chain.query import CHAIN_ID, MALFORMED, Query, T
from keeper.chain.ranking import Ranking
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Answer, RpcTimeout, Untrustworthy
from keeper.domain.chain import Purpose
from keeper.domain.parse import quantity
from keeper.errors import KeeperError, RpcError, Transient


class WrongChain(Untrustworthy):
    """The endpoint serves another chain than the settings say."""


class Client:
    """Measures every answer, and restores a member that was set aside when it answers in time."""

    def __init__(self, ranking: Ranking, chain_id: int, retry: RetryOptions) -> None:
        self._ranking = ranking
        self._chain_id = chain_id
        self._retry = retry

    async def ask(self, member: Member, query: Query[T]) -> T:
        """The decoded answer of one member. Raises Transient (Untrustworthy for a malformed answer) or RpcError."""
        answers, latency_s = await self._timed(member, query)
        try:
            value = query.decode(answers)
        except MALFORMED as error:
            name, method = member.endpoint.name, query.calls[0].method
            raise Untrustworthy(f"{name}: malformed answer to {method}: {error!r}") from error
        self._ranking.record_answer(member, query, latency_s)
        if member.failures and latency_s <= self._retry.hedge_cap_s:
            self._ranking.restore(member)
        return value

    async def measure(self, member: Member, query: Query[T]) -> None:
        """Ask for the sake of the member's score alone, whatever it answers. Raises Transient."""
        _, latency_s = await self._timed(member, query)
        self._ranking.record_answer(member, query, latency_s)

    async def _timed(self, member: Member, query: Query[T]) -> tuple[list[Answer], float]:
        """The answers, and the seconds they took."""
        await self.verify(member)
        clock = asyncio.get_running_loop().time
        start = clock()
        answers = await member.endpoint.ask(query.calls, query.purpose)
        return answers, clock() - start

    async def ask_all(
        self,
        request: Callable[[Member], Coroutine[None, None, None]],
        timeout_s: float,
        members: Sequence[Member] | None = None,
        purpose: Purpose = Purpose.HEAD,
    ) -> list[KeeperError]:
        """Run `request` for `members` (without, for all) at once, but for those that asked for a pause. One that fails or takes longer than
        `timeout_s` is set aside, and it counts in its score for the purpose. Returns the failures."""
        failures: list[KeeperError] = []

        async def attempt(member: Member) -> None:
            try:
                async with asyncio.timeout(timeout_s):
                    await request(member)
            except TimeoutError:
                failures.append(RpcTimeout(f"{member.endpoint.name}: no answer in {timeout_s} s"))
                self._ranking.set_aside(member, failures[-1], purpose)
            except (Transient, RpcError) as error:
                failures.append(error)
                self._ranking.set_aside(member, error, purpose)

        async with asyncio.TaskGroup() as group:
            for member in self._ranking.available(self._ranking.members if members is None else members):
                group.create_task(attempt(member))
        return failures

    async def verify(self, member: Member) -> None:
        """Prove the member's chain id, once. Raises WrongChain, Untrustworthy without a legible answer, Transient."""
        if member.verified:
            return
        answer = (await member.endpoint.ask([CHAIN_ID], Purpose.HEAD))[0]
        if isinstance(answer, RpcError):
            raise Untrustworthy(f"{member.endpoint.name} does not tell its chain id: {answer}")
        try:
            chain_id = quantity(answer)
        except MALFORMED as error:
            raise Untrustworthy(f"{member.endpoint.name}: {str(answer)[:60]!r} is not a chain id") from error
        if chain_id != self._chain_id:
            raise WrongChain(f"id is {self._chain_id}, but {member.endpoint.name} serves chain {chain_id}")
        member.verified = True
