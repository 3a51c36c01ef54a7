"""Several endpoints of one chain: asked in order of preference, set aside when they fail, lie or fall behind."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from keeper.chain.clock import Clock
from keeper.chain.header import parse_header
from keeper.chain.refusals import SizeLimited
from keeper.chain.rpc import Answer, Endpoint, RpcCall, RpcTimeout, Untrustworthy
from keeper.domain.chain import Usage
from keeper.domain.parse import quantity
from keeper.errors import BlockUnknown, ConfigError, KeeperError, RpcError, Transient

T = TypeVar("T")
Decode: TypeAlias = Callable[[Sequence[Answer]], T]
"""Takes the answers of one request apart and checks them. Raises BlockUnknown, RpcError, Untrustworthy; KeyError, TypeError and
ValueError mean a malformed answer."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something about an endpoint the operator may want to read; `endpoint` carries no secret."""

    endpoint: str
    event: str
    detail: str


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """How patient the pool is. Pauses between rounds are `backoff_s` x 2^round, at most `backoff_cap_s`, times a jitter in [0.5, 1]."""

    retries: int = 4
    backoff_s: float = 0.1
    backoff_cap_s: float = 5.0
    max_lag_blocks: int = 3
    probe_timeout_s: float = 2.0
    distrust_s: float = 600.0

    def pause(self, round_number: int, draw: float) -> float:
        """Seconds to wait after failure `round_number` (from 0); `draw` in [0, 1) is the jitter."""
        # The exponent is bounded so that the float cannot overflow; 2^30 is past any sensible cap.
        whole: float = min(self.backoff_cap_s, self.backoff_s * 2.0 ** min(round_number, 30))
        return whole * (0.5 + draw / 2)


@dataclass(slots=True)
class _Member:
    """An endpoint with what is known of its behaviour. `verified`: it has proven to serve our chain."""

    endpoint: Endpoint
    verified: bool = False
    behind: bool = False
    failures: int = 0
    distrusted_until: float = float("-inf")

    def rank(self, now: float) -> tuple[bool, int]:
        """Smaller is asked earlier: sound endpoints in the configured order, then the suspects by their failures."""
        return self.behind or now < self.distrusted_until, self.failures


class _WrongChain(Untrustworthy):
    """The endpoint serves another chain than the settings say."""


class Pool:
    """Asks the first endpoint that works.

    An endpoint that failed is asked again only when all sound ones fail, until a survey finds it sound: a hanging endpoint must not
    cost a timeout in the middle of a block. The chain id of each is proven before its first answer is used."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        chain_id: int,
        retry: RetryOptions,
        clock: Clock,
        jitter: Callable[[], float],
        on_incident: Callable[[Incident], None],
    ) -> None:
        if not endpoints:
            raise ConfigError("chain: rpc_urls is empty; name at least one HTTP endpoint")
        self._members = [_Member(endpoint) for endpoint in endpoints]
        self._chain_id = chain_id
        self._retry = retry
        self._clock = clock
        self._jitter = jitter
        self._on_incident = on_incident

    def __len__(self) -> int:
        return len(self._members)

    def usage(self) -> Usage:
        """HTTP requests and JSON-RPC calls of all endpoints since start, failed ones included."""
        return Usage(
            requests=sum(member.endpoint.requests for member in self._members),
            calls=sum(member.endpoint.calls for member in self._members),
        )

    async def start(self) -> None:
        """Prove the chain id everywhere. Raises ConfigError when an endpoint serves another chain, RpcUnavailable when none answers."""
        wrong = [error for error in await self._each(self._verify) if isinstance(error, _WrongChain)]
        try:
            if wrong:
                raise wrong[0]
            if not any(member.verified for member in self._members):
                # Nobody at once; the patient way gives each its retries and then names the cause.
                await self.ask([_CHAIN_ID], lambda answers: answers)
        except _WrongChain as error:
            raise ConfigError(f"chain: {error}; correct id or rpc_urls") from error

    async def ask(self, calls: Sequence[RpcCall], decode: Decode[T], *, turn: int = 0, give_up_on_timeout: bool = False) -> T:
        """`decode` of the answers, from the first endpoint whose answers hold.

        `turn` starts with another endpoint than usual, where there is one (a second look). With `give_up_on_timeout` a round that ends
        in a timeout is the last: the caller will ask for less.

        Raises what the node said (RpcError, BlockUnknown when no endpoint knows the block, SizeLimited), or RpcUnavailable /
        RateLimited when every endpoint failed in every round."""
        return (await self.ask_named(calls, decode, turn=turn, give_up_on_timeout=give_up_on_timeout))[1]

    async def ask_named(
        self, calls: Sequence[RpcCall], decode: Decode[T], *, turn: int = 0, give_up_on_timeout: bool = False
    ) -> tuple[Endpoint, T]:
        """As `ask`, with the endpoint that answered."""
        round_number = 0
        while True:
            failure: Transient | BlockUnknown | None = None
            for member in self._in_order(turn):
                try:
                    return member.endpoint, await self._ask_one(member, calls, decode)
                except SizeLimited:
                    raise
                except Transient as error:
                    self._set_aside(member, error)
                    failure = error
                except BlockUnknown as error:
                    failure = error
            # A block nobody knows gets one second look, as a backend may lag right after a head arrives. More would only delay the
            # news that the block is orphaned.
            rounds = 1 if isinstance(failure, BlockUnknown) else self._retry.retries
            hopeless = give_up_on_timeout and isinstance(failure, RpcTimeout)
            if failure is not None and (hopeless or round_number >= rounds):
                raise failure
            await self._clock.sleep(self._retry.pause(round_number, self._jitter()))
            round_number += 1

    async def survey(self) -> None:
        """Ask every endpoint for its head at once; those behind the best by more than `max_lag_blocks` are asked last from now on.

        An endpoint that answers promptly from a frozen node is found only this way. Failed ones that answer are sound again."""
        heads: list[tuple[_Member, int]] = []

        async def look(member: _Member) -> None:
            heads.append((member, await self._ask_one(member, [LATEST], lambda answers: parse_header(answers[0]).ref.number)))

        await self._each(look)
        best = max((number for _, number in heads), default=0)
        for member, number in heads:
            was, member.behind = member.behind, best - number > self._retry.max_lag_blocks
            if was != member.behind:
                event = "behind" if member.behind else "caught_up"
                self._on_incident(Incident(member.endpoint.name, event, f"head {number}, best {best}"))

    async def opinions(self, calls: Sequence[RpcCall], decode: Decode[T]) -> list[tuple[Endpoint, T]]:
        """What every endpoint that answers says to the same question."""
        said: list[tuple[Endpoint, T]] = []

        async def look(member: _Member) -> None:
            said.append((member.endpoint, await self._ask_one(member, calls, decode)))

        await self._each(look)
        return said

    def distrust(self, endpoint: Endpoint, reason: str) -> None:
        """Ask an endpoint last for a while: what it said contradicts the others. Answering well otherwise does not clear it."""
        for member in self._members:
            if member.endpoint is endpoint:
                member.distrusted_until = self._clock.now() + self._retry.distrust_s
                self._on_incident(Incident(endpoint.name, "distrusted", reason))

    async def _each(self, look: Callable[[_Member], Coroutine[None, None, None]]) -> list[KeeperError]:
        """Run `look` on all endpoints at once; one that fails or is slow is set aside. Returns the failures."""
        failures: list[KeeperError] = []

        async def guarded(member: _Member) -> None:
            try:
                async with asyncio.timeout(self._retry.probe_timeout_s):
                    await look(member)
            except TimeoutError:
                failures.append(RpcTimeout(f"{member.endpoint.name}: no answer in {self._retry.probe_timeout_s} s"))
                self._set_aside(member, failures[-1])
            except (Transient, RpcError) as error:
                failures.append(error)
                self._set_aside(member, error)

        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(guarded(member))
        return failures

    async def _ask_one(self, member: _Member, calls: Sequence[RpcCall], decode: Decode[T]) -> T:
        await self._verify(member)
        answers = await member.endpoint.ask(calls)
        try:
            value = decode(answers)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise Untrustworthy(f"{member.endpoint.name}: malformed answer to {calls[0].method}: {error!r}") from error
        if member.failures:
            self._on_incident(Incident(member.endpoint.name, "recovered", f"after {member.failures} failures"))
            member.failures = 0
        return value

    async def _verify(self, member: _Member) -> None:
        if member.verified:
            return
        answer = (await member.endpoint.ask([_CHAIN_ID]))[0]
        if isinstance(answer, RpcError):
            raise Untrustworthy(f"{member.endpoint.name} does not tell its chain id: {answer}")
        try:
            chain_id = quantity(answer)
        except (AttributeError, ValueError) as error:
            raise Untrustworthy(f"{member.endpoint.name}: {answer!r} is not a chain id") from error
        if chain_id != self._chain_id:
            raise _WrongChain(f"id is {self._chain_id}, but {member.endpoint.name} serves chain {chain_id}")
        member.verified = True

    def _in_order(self, turn: int) -> list[_Member]:
        now = self._clock.now()
        order = sorted(self._members, key=lambda member: member.rank(now))
        start = turn % len(order)
        return order[start:] + order[:start]

    def _set_aside(self, member: _Member, error: KeeperError) -> None:
        member.failures += 1
        self._on_incident(Incident(member.endpoint.name, "failed", str(error)))


LATEST = RpcCall("eth_getBlockByNumber", ("latest", False))
_CHAIN_ID = RpcCall("eth_chainId", ())
