"""Sends a query to one endpoint, or a request to all at once; an endpoint proves its chain id before its first answer is used."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from keeper.chain.member import Member
from keeper.chain.query import CHAIN_ID, MALFORMED, Query, T
from keeper.chain.ranking import Ranking
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import RpcTimeout, Untrustworthy
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
        await self.verify(member)
        clock = asyncio.get_running_loop().time
        start = clock()
        answers = await member.endpoint.ask(query.calls, query.purpose)
        latency_s = clock() - start
        try:
            value = query.decode(answers)
        except MALFORMED as error:
            name, method = member.endpoint.name, query.calls[0].method
            raise Untrustworthy(f"{name}: malformed answer to {method}: {error!r}") from error
        if not query.bulky:
            member.record_latency(query.calls, latency_s)
        if member.failures and latency_s <= self._retry.hedge_cap_s:
            self._ranking.restore(member)
        return value

    async def ask_all(
        self,
        request: Callable[[Member], Coroutine[None, None, None]],
        timeout_s: float,
        members: Sequence[Member] | None = None,
    ) -> list[KeeperError]:
        """Run `request` for `members` (without, for all) at once, but for those that asked for a pause. One that fails or takes longer than
        `timeout_s` is set aside. Returns the failures."""
        failures: list[KeeperError] = []

        async def attempt(member: Member) -> None:
            try:
                async with asyncio.timeout(timeout_s):
                    await request(member)
            except TimeoutError:
                failures.append(RpcTimeout(f"{member.endpoint.name}: no answer in {timeout_s} s"))
                self._ranking.set_aside(member, failures[-1])
            except (Transient, RpcError) as error:
                failures.append(error)
                self._ranking.set_aside(member, error)

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
