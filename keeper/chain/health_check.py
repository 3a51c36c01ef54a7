"""Beside the work: which endpoints are sound again, and whether all see the same head."""

from collections.abc import Callable

from keeper.chain.client import Client
from keeper.chain.clock import Clock
from keeper.chain.incident import Report
from keeper.chain.member import Member
from keeper.chain.query import HEAD_NUMBER
from keeper.chain.ranking import Ranking
from keeper.chain.retry import RetryOptions

_PERIOD_S = 0.25
_OVERDUE_S = 1.0
"""A query that has waited for so long is a reason to check whether any endpoint answers."""


class HealthCheck:
    """Probes endpoints that were set aside, and compares the heads of all. `longest_wait_s` is the age of the oldest open query."""

    def __init__(
        self, client: Client, ranking: Ranking, retry: RetryOptions, clock: Clock, report: Report, longest_wait_s: Callable[[], float]
    ) -> None:
        self._client = client
        self._ranking = ranking
        self._retry = retry
        self._clock = clock
        self._report = report
        self._longest_wait_s = longest_wait_s

    async def run(self) -> None:
        """For ever; returns at once where there is only one endpoint, as there is no other to go to."""
        comparison_at = self._clock.now()
        while len(self._ranking.members) > 1:
            await self._clock.sleep(_PERIOD_S)
            now = self._clock.now()
            overdue = self._longest_wait_s() > _OVERDUE_S
            if overdue and all(member.failures for member in self._ranking.members):
                # The open query itself would report this only after its own, much longer time-out.
                self._report("endpoints", "none answers, nor does any answer a probe")
            if now - comparison_at >= (_OVERDUE_S if overdue else self._retry.head_check_interval_s):
                comparison_at = now
                await self.compare_heads()
            else:
                due = [member for member in self._ranking.members if member.failures and now >= member.probe_at]
                # A later answer would not bring it back, and waiting for one keeps from looking at the others.
                await self._client.ask_all(self._probe, min(self._retry.probe_timeout_s, self._retry.hedge_cap_s), due)

    async def compare_heads(self, *, strict: bool = False) -> int:
        """Ask every endpoint for its head at once; one behind the best by more than `max_lag_blocks` is asked last until its own head has
        risen and caught up. With `strict` (the head has stood still for too long) any that is behind at all.

        Only this finds an endpoint that answers promptly from a frozen node. Returns the best head, 0 when no endpoint answers."""
        heads: list[tuple[Member, int]] = []

        async def head(member: Member) -> None:
            heads.append((member, await self._client.ask(member, HEAD_NUMBER)))

        await self._client.ask_all(head, self._retry.probe_timeout_s)
        return self._ranking.compare(heads, 0 if strict else self._retry.max_lag_blocks)

    async def _probe(self, member: Member) -> None:
        await self._client.ask(member, HEAD_NUMBER)
