"""Several endpoints of one chain as one: which is asked, how often, and which answer counts.

`query` is what is asked, `member` the record of one endpoint, `ranking` their order, `client` asks one or all, `hedge` asks one after the
other, `health_check` and `exploration` run beside the work."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

from keeper.chain.client import Client, WrongChain
from keeper.chain.clock import Clock
from keeper.chain.exploration import Exploration
from keeper.chain.health_check import HealthCheck
from keeper.chain.hedge import HedgedRequest, is_node_error
from keeper.chain.incident import Incident, Report, no_report
from keeper.chain.member import Member
from keeper.chain.query import Decode, Query, T
from keeper.chain.ranking import Ranking
from keeper.chain.refusals import RateLimited, SizeLimited, is_not_offered
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import AnswerTooLarge, Endpoint, RpcCall, RpcTimeout
from keeper.domain.call_failure import is_call_failure
from keeper.domain.chain import Purpose, Usage
from keeper.domain.endpoint_score import EndpointScore
from keeper.errors import BlockUnknown, ConfigError, KeeperError, RpcError, Transient

_ENDLESS = 1 << 62


class Pool:
    """Asks the first endpoint that works: of the sound ones the first of the settings, unless a later one does much better.

    An endpoint that does not answer in a few times its usual latency is not waited for: the next is asked as well, the first good answer
    counts, and the slow one is asked last until `check_health` finds it sound again; so is one that failed. No single endpoint can end
    the work: a JSON-RPC error that is not the contract's doing is an answer only when every endpoint gives one."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        chain_id: int,
        retry: RetryOptions,
        clock: Clock,
        jitter: Callable[[], float],
        on_incident: Callable[[Incident], None],
        report: Report = no_report,
    ) -> None:
        """`report` takes ("endpoints", a sentence) while none answers, and ("endpoints", None) when one does again."""
        if not endpoints:
            raise ConfigError("chain: rpc_urls is empty; name at least one HTTP endpoint")
        self._retry = retry
        self._clock = clock
        self._jitter = jitter
        self._report = report
        self._start_times: list[float] = []
        """When each open query was asked."""
        self._ranking = Ranking([Member(endpoint) for endpoint in endpoints], retry, clock, on_incident)
        self._client = Client(self._ranking, chain_id, retry)
        self._health_check = HealthCheck(self._client, self._ranking, retry, clock, report, self._longest_wait_s)
        self._exploration = Exploration(self._client, self._ranking, retry, clock)

    def __len__(self) -> int:
        return len(self._ranking.members)

    @property
    def max_lag_blocks(self) -> int:
        """How far below the best head an endpoint's may be."""
        return self._retry.max_lag_blocks

    def endless(self) -> "Pool":
        """The same endpoints, asked until one answers well: for work that must not end because of an outage. A block that stays unknown and
        a contract that fails are answers."""
        pool = copy.copy(self)
        pool._retry = replace(self._retry, retries=_ENDLESS)
        return pool

    def usage(self) -> Usage:
        """What was sent to all endpoints since start, failed requests included."""
        return sum((endpoint.usage() for endpoint in self.endpoints()), Usage())

    def endpoints(self) -> Sequence[Endpoint]:
        """All, in the configured order."""
        return [member.endpoint for member in self._ranking.members]

    def first(self, turn: int, purpose: Purpose) -> Endpoint:
        """The endpoint that would be asked first."""
        return self._ranking.first(turn, purpose).endpoint

    def scores(self) -> Sequence[EndpointScore]:
        """How well each endpoint does for each purpose it was asked for."""
        return [score for member in self._ranking.members for score in member.endpoint_scores()]

    async def start(self, *, wait: bool = False) -> None:
        """Prove the chain id everywhere; with `wait` for as long as it takes.

        Raises ConfigError when an endpoint serves another chain, RpcUnavailable when none answers."""
        round_number = 0
        failure: KeeperError = RateLimited("every endpoint wants to be left alone")
        while True:
            failures = await self.prove(self._retry.probe_timeout_s * 2.0 ** min(round_number, 3))
            if any(member.verified for member in self._ranking.members):
                self._report("endpoints", None)
                return
            # Endpoints that asked for a pause are not asked, so a round may bring no new failure.
            failure = failures[0] if failures else failure
            if not wait and round_number >= self._retry.retries:
                raise failure
            self._report("endpoints", f"none answers, waiting; the last failure: {failure}")
            await self._pause(round_number)
            round_number += 1

    async def prove(self, timeout_s: float | None = None) -> Sequence[KeeperError]:
        """Ask every endpoint for its chain id. Returns the failures; raises ConfigError for a wrong chain id."""
        failures = await self._client.ask_all(self._client.verify, timeout_s or self._retry.probe_timeout_s)
        mismatch = next((error for error in failures if isinstance(error, WrongChain)), None)
        if mismatch is not None:
            raise ConfigError(f"chain: {mismatch}; correct id, rpc_urls or send_urls") from mismatch
        return failures

    async def check_health(self) -> None:
        """For ever, beside the work: see `HealthCheck.run`."""
        await self._health_check.run()

    async def explore(self) -> None:
        """For ever, beside the work: see `Exploration.run`."""
        await self._exploration.run()

    async def compare_heads(self, *, strict: bool = False) -> int:
        """See `HealthCheck.compare_heads`."""
        return await self._health_check.compare_heads(strict=strict)

    async def ask(
        self,
        calls: Sequence[RpcCall],
        decode: Decode[T],
        *,
        purpose: Purpose = Purpose.READ,
        turn: int = 0,
        give_up_on_timeout: bool = False,
    ) -> T:
        """`decode` of the answers, from the first endpoint whose answers hold.

        `turn` starts with another endpoint than usual, where there is one (a second opinion). With `give_up_on_timeout` a round that ends
        in a timeout, or an answer that is too large, is the last: the caller will ask for less.

        Raises RpcError (BlockUnknown) when no endpoint has a better answer, SizeLimited, or RpcUnavailable / RateLimited when every
        endpoint failed in every round."""
        return (await self.ask_named(calls, decode, purpose=purpose, turn=turn, give_up_on_timeout=give_up_on_timeout))[1]

    async def ask_named(
        self,
        calls: Sequence[RpcCall],
        decode: Decode[T],
        *,
        purpose: Purpose = Purpose.READ,
        turn: int = 0,
        give_up_on_timeout: bool = False,
    ) -> tuple[Endpoint, T]:
        """As `ask`, with the endpoint that answered."""
        start_time = self._clock.now()
        self._start_times.append(start_time)
        try:
            return await self._rounds(Query(calls, decode, purpose, give_up_on_timeout), turn)
        finally:
            self._start_times.remove(start_time)

    async def ask_only(self, endpoint: Endpoint, calls: Sequence[RpcCall], decode: Decode[T], *, purpose: Purpose) -> T:
        """One endpoint's answer, whatever the others would say; no second try. Raises as `ask`."""
        member = next(member for member in self._ranking.members if member.endpoint is endpoint)
        try:
            return await self._client.ask(member, Query(calls, decode, purpose))
        except Transient as error:
            self._ranking.set_aside(member, error, purpose)
            raise

    async def opinions(
        self, calls: Sequence[RpcCall], decode: Decode[T], *, purpose: Purpose = Purpose.READ, patience_s: float | None = None
    ) -> list[tuple[Endpoint, T]]:
        """The answer of every endpoint that answers. With `patience_s` only sound endpoints are asked, and slower ones are set aside."""
        opinions: list[tuple[Endpoint, T]] = []
        query = Query(calls, decode, purpose)

        async def opinion(member: Member) -> None:
            opinions.append((member.endpoint, await self._client.ask(member, query)))

        sound = [member for member in self._ranking.members if not member.failures]
        members = None if patience_s is None else sound
        await self._client.ask_all(opinion, patience_s or self._retry.probe_timeout_s, members, purpose)
        return opinions

    def distrust(self, endpoint: Endpoint, reason: str) -> None:
        """Ask an endpoint last for a while: its answer contradicts the others. Answering well otherwise does not clear it."""
        self._ranking.distrust(endpoint, reason)

    def distrust_named(self, name: str, reason: str) -> None:
        """As `distrust`, of every endpoint of that name."""
        for endpoint in self.endpoints():
            if endpoint.name == name:
                self.distrust(endpoint, reason)

    async def _rounds(self, query: Query[T], turn: int) -> tuple[Endpoint, T]:
        """All endpoints in order, again and again, as often as the failures are worth it."""
        round_number = 0
        while True:
            try:
                request = HedgedRequest(self._client, self._ranking, self._retry, query)
                answer = await request.send(await self._ranking.order(turn, query.purpose))
            except (Transient, RpcError) as error:
                if round_number >= self._retries(error, bulky=query.bulky):
                    raise
                if round_number and not isinstance(error, BlockUnknown):
                    self._report("endpoints", f"none answers well; the last failure: {error}")
            else:
                self._report("endpoints", None)
                self._exploration.note(query)
                return answer
            await self._pause(round_number)
            round_number += 1

    def _retries(self, error: Transient | RpcError, *, bulky: bool) -> int:
        """How many rounds may follow after every endpoint failed with this error."""
        if isinstance(error, RpcError) and not (self._retry.retries == _ENDLESS and is_node_error(error)):
            # One more round: a backend may lag right after a head arrives. More would only delay the news that the block is orphaned, or
            # that the method is not offered.
            return 0 if is_call_failure(error) or is_not_offered(error) else 1
        if isinstance(error, SizeLimited) or (bulky and isinstance(error, (RpcTimeout, AnswerTooLarge))):
            return 0
        return self._retry.retries

    async def _pause(self, round_number: int) -> None:
        await self._clock.sleep(self._retry.pause(round_number, self._jitter()))

    def _longest_wait_s(self) -> float:
        now = self._clock.now()
        return now - min(self._start_times, default=now)
