"""Which endpoint to ask first: the sound ones by how well they do, then those that failed, contradicted others or fell behind."""

from collections.abc import Callable, Sequence

from keeper.chain.clock import Clock
from keeper.chain.incident import Incident
from keeper.chain.latencies import Latencies
from keeper.chain.member import Member
from keeper.chain.query import Query, T
from keeper.chain.refusals import RateLimited
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Endpoint
from keeper.domain.chain import Purpose
from keeper.errors import KeeperError

_ADVANTAGE = 1.5
"""How many times as well an endpoint must do as one that the settings prefer, before it is asked first."""
_FEW_ANSWERS = 5
"""An endpoint with fewer answers has no score to speak of."""
_SHORTEST_PAUSE_S = 0.001


class Ranking:
    """The members of a pool and their order. Every change of a member's standing is one incident, not one per request."""

    def __init__(self, members: Sequence[Member], retry: RetryOptions, clock: Clock, on_incident: Callable[[Incident], None]) -> None:
        self.members = members
        self._retry = retry
        self._clock = clock
        self._on_incident = on_incident
        self._latencies = Latencies()

    async def order(self, turn: int, purpose: Purpose) -> list[Member]:
        """The members to ask, best first; `turn` rotates the equally sound ones.

        Members that asked for a pause (Retry-After), or whose budget is used up, are left out. While all are, this waits for the first;
        raises RateLimited when all want a pause of more than `backoff_cap_s`."""
        while True:
            now = self._clock.now()
            rest_s = min(member.resting_until for member in self.members) - now
            if rest_s > self._retry.backoff_cap_s:
                raise RateLimited(f"every endpoint wants to be left alone, the first for {rest_s:.0f} s more")
            pauses_s = [(member.pause_s(now, purpose), member) for member in self.members]
            ready = [member for pause_s, member in pauses_s if pause_s <= 0]
            if ready:
                return self._ordered(ready, turn, purpose)
            # A concurrent answer may extend the pause meanwhile, so it is checked again.
            await self._clock.sleep(max(min(pause_s for pause_s, _ in pauses_s), _SHORTEST_PAUSE_S))

    def first(self, turn: int, purpose: Purpose) -> Member:
        """The member that would be asked first now."""
        now = self._clock.now()
        ready = [member for member in self.members if member.pause_s(now, purpose) <= 0]
        return self._ordered(ready or self.members, turn, purpose)[0]

    def challengers(self, purpose: Purpose) -> Sequence[Member]:
        """The sound members that are not asked first, and may be asked now."""
        now, first = self._clock.now(), self.first(0, purpose)
        others = [member for member in self.members if member is not first and member.rank(now) == (False, 0)]
        return [member for member in others if member.pause_s(now, purpose) <= 0]

    def available(self, members: Sequence[Member]) -> Sequence[Member]:
        """Those of `members` that have not asked for a pause."""
        now = self._clock.now()
        return [member for member in members if now >= member.resting_until]

    def _ordered(self, members: Sequence[Member], turn: int, purpose: Purpose) -> list[Member]:
        now = self._clock.now()
        order = sorted(members, key=lambda member: member.rank(now))
        ties = sum(1 for member in order if member.rank(now) == order[0].rank(now))
        best = _by_score(order[:ties], purpose)
        start = turn % ties
        return best[start:] + best[:start] + order[ties:]

    def record_answer(self, member: Member, query: Query[T], latency_s: float) -> None:
        """A good answer. How long a bulky one takes hangs on what is in it."""
        score = member.scores[query.purpose]
        score.record_answer()
        if not query.bulky:
            member.record_latency(query.calls, latency_s)
            score.record_latency(latency_s, self._latencies.record(query.calls, latency_s))

    def set_aside(self, member: Member, error: KeeperError, purpose: Purpose) -> None:
        """Ask a member last after this failure; not at all for as long as its Retry-After says."""
        now, sound = self._clock.now(), not member.failures
        member.record_failure(now, self._retry, purpose)
        if isinstance(error, RateLimited) and error.retry_after_s is not None:
            member.resting_until = now + error.retry_after_s
        if sound:
            self._on_incident(Incident(member.endpoint.name, "failed", str(error)))

    def restore(self, member: Member) -> None:
        """A member that was set aside has answered well and in time."""
        self._on_incident(Incident(member.endpoint.name, "recovered", f"after {member.failures} failures"))
        member.record_recovery(self._clock.now())

    def distrust(self, endpoint: Endpoint, reason: str) -> None:
        """Ask an endpoint last for `distrust_s`. Answering well otherwise does not clear it."""
        for member in self.members:
            if member.endpoint is endpoint:
                now = self._clock.now()
                if now >= member.distrusted_until:
                    self._on_incident(Incident(endpoint.name, "distrusted", reason))
                member.distrusted_until = now + self._retry.distrust_s
            else:
                # Its lag may have been measured against a false head.
                member.stale_head = None

    def compare(self, heads: Sequence[tuple[Member, int]], max_lag_blocks: int) -> int:
        """Rank down the members whose head is more than `max_lag_blocks` behind the best; restore those that have risen and caught up.

        A distrusted member's head is no measure while another answers. Returns the best head, 0 without any."""
        now = self._clock.now()
        trusted = [number for member, number in heads if now >= member.distrusted_until]
        best = max(trusted or [number for _, number in heads], default=0)
        for member, number in heads:
            lag = best - number
            member.record_lag(max(lag, 0))
            if member.stale_head is None and lag > max_lag_blocks:
                member.stale_head = number
                self._on_incident(Incident(member.endpoint.name, "behind", f"head {number}, best {best}"))
            elif member.stale_head is not None and number > member.stale_head and lag <= self._retry.max_lag_blocks:
                member.stale_head = None
                self._on_incident(Incident(member.endpoint.name, "caught_up", f"head {number}, best {best}"))
        return best


def _by_score(members: Sequence[Member], purpose: Purpose) -> list[Member]:
    """In the configured order, but for those that do much better than the ones before them."""
    order: list[Member] = []
    for member in members:
        place = len(order)
        while place and _does_better(member, order[place - 1], purpose):
            place -= 1
        order.insert(place, member)
    return order


def _does_better(member: Member, preferred: Member, purpose: Purpose) -> bool:
    known = member.scores[purpose].answers >= _FEW_ANSWERS
    return known and member.score(purpose) >= _ADVANTAGE * preferred.score(purpose)
