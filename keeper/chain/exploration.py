"""Now and then a request to an endpoint that is not the first choice: one that does better, or well again, is noticed."""

from typing import Any

from keeper.chain.client import Client
from keeper.chain.clock import Clock
from keeper.chain.query import Query
from keeper.chain.ranking import Ranking
from keeper.chain.retry import RetryOptions
from keeper.domain.chain import Purpose

_PERIOD_S = 30.0
_REPEATABLE = (Purpose.READ, Purpose.FORK, Purpose.LOGS)
"""Heads are compared anyway, and transactions go to every endpoint."""


class Exploration:
    """Repeats, beside the work, what was asked lately. Nobody waits for the answer; it counts for the score alone."""

    def __init__(self, client: Client, ranking: Ranking, retry: RetryOptions, clock: Clock) -> None:
        self._client = client
        self._ranking = ranking
        self._retry = retry
        self._clock = clock
        self._queries: dict[Purpose, Query[Any]] = {}
        self._turn = 0

    def note(self, query: Query[Any]) -> None:
        """A query that was answered just now."""
        if query.purpose in _REPEATABLE:
            self._queries[query.purpose] = query

    async def run(self) -> None:
        """For ever; returns at once where there is only one endpoint."""
        while len(self._ranking.members) > 1:
            await self._clock.sleep(_PERIOD_S)
            await self.step()

    async def step(self) -> None:
        """One request: a query since the last step, of the purposes in turn, to the sound endpoints that are not asked first in turn."""
        queries, self._queries = list(self._queries.values()), {}
        if not queries:
            return
        round_number, place = divmod(self._turn, len(queries))
        self._turn += 1
        query = queries[place]
        members = self._ranking.challengers(query.purpose)
        if members:
            member = members[round_number % len(members)]
            timeout_s = self._retry.bulky_cap_s if query.bulky else self._retry.probe_timeout_s
            await self._client.ask_all(lambda each: self._client.measure(each, query), timeout_s, [member], query.purpose)
