"""Which endpoint to ask first: sound ones in the configured order, then those that failed, contradicted others or fell behind."""

from collections.abc import Callable, Sequence

from keeper.chain.clock import Clock
from keeper.chain.incident import Incident
from keeper.chain.member import Member
from keeper.chain.refusals import RateLimited
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Endpoint
from keeper.errors import KeeperError


class Ranking:
    """The members of a pool and their order. Every change of a member's standing is one incident, not one per request."""

    def __init__(self, members: Sequence[Member], retry: RetryOptions, clock: Clock, on_incident: Callable[[Incident], None]) -> None:
        self.members = members
        self._retry = retry
        self._clock = clock
        self._on_incident = on_incident

    async def order(self, turn: int) -> list[Member]:
        """The members to ask, best first; `turn` rotates the equally good ones.

        Members that asked for a pause (Retry-After) are left out. While all have, this waits for the first, at most `backoff_cap_s`; raises
        RateLimited when that is not enough."""
        while True:
            now = self._clock.now()
            pause_s = min(member.resting_until for member in self.members) - now
            if pause_s <= 0:
                break
            if pause_s > self._retry.backoff_cap_s:
                raise RateLimited(f"every endpoint wants to be left alone, the first for {pause_s:.0f} s more")
            # A concurrent answer may extend the pause meanwhile, so it is checked again.
            await self._clock.sleep(pause_s)
        order = sorted((member for member in self.members if now >= member.resting_until), key=lambda member: member.rank(now))
        ties = sum(1 for member in order if member.rank(now) == order[0].rank(now))
        start = turn % ties
        return order[start:ties] + order[:start] + order[ties:]

    def available(self, members: Sequence[Member]) -> Sequence[Member]:
        """Those of `members` that have not asked for a pause."""
        now = self._clock.now()
        return [member for member in members if now >= member.resting_until]

    def set_aside(self, member: Member, error: KeeperError) -> None:
        """Ask a member last after this failure; not at all for as long as its Retry-After says."""
        now, sound = self._clock.now(), not member.failures
        member.record_failure(now, self._retry)
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
            if member.stale_head is None and lag > max_lag_blocks:
                member.stale_head = number
                self._on_incident(Incident(member.endpoint.name, "behind", f"head {number}, best {best}"))
            elif member.stale_head is not None and number > member.stale_head and lag <= self._retry.max_lag_blocks:
                member.stale_head = None
                self._on_incident(Incident(member.endpoint.name, "caught_up", f"head {number}, best {best}"))
        return best
