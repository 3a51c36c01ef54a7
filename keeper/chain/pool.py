"""Several endpoints of one chain: asked in order of preference, the next at the same time when one is slow, set aside when they fail,
lie or fall behind."""

import asyncio
import copy
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from keeper.chain.clock import Clock
from keeper.chain.header import parse_header
from keeper.chain.member import Member, RetryOptions
from keeper.chain.refusals import RateLimited, SizeLimited, is_not_offered
from keeper.chain.rpc import Answer, AnswerTooLarge, Endpoint, RpcCall, RpcTimeout, Untrustworthy
from keeper.domain.call_failure import is_call_failure, is_out_of_gas
from keeper.domain.chain import Purpose, Usage
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


def unreported(part: str, problem: str | None) -> None:
    """For who has nobody to tell that the endpoints are down."""


class _WrongChain(Untrustworthy):
    """The endpoint serves another chain than the settings say."""


@dataclass(frozen=True, slots=True)
class _Question(Generic[T]):
    """What is asked, and how. `bulky`: it may take long at a sound endpoint, and the caller can ask for less."""

    calls: Sequence[RpcCall]
    decode: Decode[T]
    purpose: Purpose
    bulky: bool


class Pool:
    """Asks the first endpoint that works.

    An endpoint that does not answer in a few times its usual latency is not waited for: the next is asked as well, the first good answer
    counts, and the slow one is asked last until `tend` finds it sound again; so is one that failed. No endpoint's word alone ends
    anything: a JSON-RPC error that is not the contract's doing is an answer only when every endpoint gives one. The chain id of each is
    proven before its first answer is used."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        chain_id: int,
        retry: RetryOptions,
        clock: Clock,
        jitter: Callable[[], float],
        on_incident: Callable[[Incident], None],
        report: Callable[[str, str | None], None] = unreported,
    ) -> None:
        """`report` is told ("endpoints", a sentence) while none answers, and ("endpoints", None) when one does again."""
        if not endpoints:
            raise ConfigError("chain: rpc_urls is empty; name at least one HTTP endpoint")
        self._members = [Member(endpoint) for endpoint in endpoints]
        self._chain_id = chain_id
        self._retry = retry
        self._clock = clock
        self._jitter = jitter
        self._on_incident = on_incident
        self._report = report
        self._open: list[float] = []
        """When each question that waits for its answer was asked."""

    def __len__(self) -> int:
        return len(self._members)

    @property
    def max_lag_blocks(self) -> int:
        """How far below the best head an endpoint's may be."""
        return self._retry.max_lag_blocks

    def endless(self) -> "Pool":
        """The same endpoints, asked until one answers well: for work that must not end because of an outage. A block that stays unknown and
        a contract that fails are answers."""
        patient = copy.copy(self)
        patient._retry = replace(self._retry, retries=_ENDLESS)
        return patient

    def usage(self) -> Usage:
        """What was sent to all endpoints since start, failed requests included."""
        return sum((member.endpoint.usage() for member in self._members), Usage())

    async def start(self, *, wait: bool = False) -> None:
        """Prove the chain id everywhere; with `wait` for as long as it takes.

        Raises ConfigError when an endpoint serves another chain, RpcUnavailable when none answers."""
        round_number = 0
        last: KeeperError = RateLimited("every endpoint wants to be left alone")
        while True:
            failures = await self.prove(self._retry.probe_timeout_s * 2.0 ** min(round_number, 3))
            if any(member.verified for member in self._members):
                self._report("endpoints", None)
                return
            # Those that want to be left alone are not asked, so a round may bring no new failure.
            last = failures[0] if failures else last
            if not wait and round_number >= self._retry.retries:
                raise last
            self._report("endpoints", f"none answers, waiting; the last failure: {last}")
            await self._clock.sleep(self._retry.pause(round_number, self._jitter()))
            round_number += 1

    async def prove(self, patience_s: float | None = None) -> Sequence[KeeperError]:
        """Ask every endpoint for its chain id; returns the failures of those that do not tell. Raises ConfigError for a wrong one."""
        failures = await self._each(self._verify, patience_s or self._retry.probe_timeout_s)
        wrong = next((error for error in failures if isinstance(error, _WrongChain)), None)
        if wrong is not None:
            raise ConfigError(f"chain: {wrong}; correct id, rpc_urls or send_urls") from wrong
        return failures

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

        `turn` starts with another endpoint than usual, where there is one (a second look). With `give_up_on_timeout` a round that ends
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
        question = _Question(calls, decode, purpose, give_up_on_timeout)
        asked_at = self._clock.now()
        self._open.append(asked_at)
        try:
            return await self._rounds_of(question, turn)
        finally:
            self._open.remove(asked_at)

    async def _rounds_of(self, question: _Question[T], turn: int) -> tuple[Endpoint, T]:
        """Everybody in turn, again and again, as often as the failures are worth it."""
        round_number = 0
        while True:
            try:
                answer = await self._round(question, turn)
            except (Transient, RpcError) as error:
                if round_number >= self._rounds(error, question.bulky):
                    raise
                if round_number and not isinstance(error, BlockUnknown):
                    self._report("endpoints", f"none answers well; the last failure: {error}")
            else:
                self._report("endpoints", None)
                return answer
            await self._clock.sleep(self._retry.pause(round_number, self._jitter()))
            round_number += 1

    def _rounds(self, error: Transient | RpcError, give_up_on_timeout: bool) -> int:
        """How often to ask everybody again after this failure of all."""
        if isinstance(error, RpcError) and not (self._retry.retries == _ENDLESS and _is_nodes_own(error)):
            # One second look: a backend may lag right after a head arrives, or stumble. More would only delay the news that the block is
            # orphaned, or that the method is not offered.
            return 0 if is_call_failure(error) or is_not_offered(error) else 1
        if isinstance(error, SizeLimited) or (give_up_on_timeout and isinstance(error, (RpcTimeout, AnswerTooLarge))):
            return 0
        return self._retry.retries

    async def _round(self, question: _Question[T], turn: int) -> tuple[Endpoint, T]:
        """Ask the endpoints in order until one gives a good answer; the next at the same time where one is slow.

        Raises at once what no other endpoint would change, else the most telling of the failures when all have failed."""
        waiting = await self._in_order(turn)
        race: _Race[T] = _Race()
        try:
            while race.running or waiting:
                patience_s = None
                if waiting:
                    member = waiting.pop(0)
                    race.start(member, self._ask_one(member, question))
                    if waiting:
                        patience_s = member.patience_s(question.calls, self._retry, bulky=question.bulky)
                done, _ = await asyncio.wait(race.running, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    member = race.running.pop(task)
                    try:
                        value = task.result()
                    except (Transient, RpcError) as error:
                        if _is_final(error, question):
                            raise
                        if isinstance(error, Transient) and not isinstance(error, SizeLimited):
                            self._set_aside(member, error)
                        race.failures.append((member, error))
                    else:
                        self._blame(race, member)
                        return member.endpoint, value
        finally:
            await race.end()
        raise _most_telling([error for _, error in race.failures])

    def _blame(self, race: "_Race[T]", winner: Member) -> None:
        """What the others were worth, now that one has answered well: those asked before it and still silent are slow, and those that gave
        an error gave it without need (but for a block they do not know yet, or a method they do not offer)."""
        for member in race.silent_before(winner):
            self._set_aside(member, RpcTimeout(f"{member.endpoint.name}: slower than an endpoint that was asked later"))
        for member, error in race.failures:
            if isinstance(error, RpcError) and (_is_nodes_own(error) or is_out_of_gas(error)) and not is_not_offered(error):
                self._set_aside(member, error)

    async def tend(self) -> None:
        """For ever: find out beside the work which endpoints are sound again, and whether all see the same head.

        One endpoint alone needs no tending: there is no other to go to meanwhile."""
        surveyed_at = self._clock.now()
        while len(self._members) > 1:
            await self._clock.sleep(_TENDING_S)
            now = self._clock.now()
            overdue = now - min(self._open, default=now) > _SILENT_S
            if now - surveyed_at >= (_SILENT_S if overdue else self._retry.survey_interval_s):
                surveyed_at = now
                await self.survey()
            else:
                due = [member for member in self._members if member.failures and now >= member.probe_at]
                await self._each(self._probe, self._retry.probe_timeout_s, due)
            if overdue and all(member.failures for member in self._members):
                # Whoever asks still waits for the request's time-out, and would tell much later.
                self._report("endpoints", "none answers, nor does any answer a probe")

    async def _probe(self, member: Member) -> None:
        await self._ask_one(member, _HEAD)

    async def survey(self, *, strict: bool = False) -> int:
        """Ask every endpoint for its head at once; those behind the best by more than `max_lag_blocks` are asked last until their own head
        has risen and caught up. With `strict` (the head has stood still for too long) any that is behind at all.

        An endpoint that answers promptly from a frozen node is found only this way. Failed ones that answer are sound again. A distrusted
        one's head is no measure while another answers. Returns the best head, 0 when no endpoint answers."""
        heads: list[tuple[Member, int]] = []

        async def look(member: Member) -> None:
            heads.append((member, await self._ask_one(member, _HEAD)))

        await self._each(look, self._retry.probe_timeout_s)
        now = self._clock.now()
        trusted = [number for member, number in heads if now >= member.distrusted_until]
        best = max(trusted or [number for _, number in heads], default=0)
        allowed = 0 if strict else self._retry.max_lag_blocks
        for member, number in heads:
            lag = best - number
            if member.behind is None and lag > allowed:
                member.behind = number
                self._on_incident(Incident(member.endpoint.name, "behind", f"head {number}, best {best}"))
            elif member.behind is not None and number > member.behind and lag <= self._retry.max_lag_blocks:
                member.behind = None
                self._on_incident(Incident(member.endpoint.name, "caught_up", f"head {number}, best {best}"))
        return best

    async def opinions(
        self, calls: Sequence[RpcCall], decode: Decode[T], *, purpose: Purpose = Purpose.READ, patience_s: float | None = None
    ) -> list[tuple[Endpoint, T]]:
        """What every endpoint that answers says to the same question. With `patience_s` only those are asked that are sound, and whoever
        takes longer is set aside."""
        opinions: list[tuple[Endpoint, T]] = []
        question = _Question(calls, decode, purpose, bulky=False)

        async def look(member: Member) -> None:
            opinions.append((member.endpoint, await self._ask_one(member, question)))

        sound = [member for member in self._members if not member.failures]
        await self._each(look, patience_s or self._retry.probe_timeout_s, None if patience_s is None else sound)
        return opinions

    async def ask_only(self, endpoint: Endpoint, calls: Sequence[RpcCall], decode: Decode[T], *, purpose: Purpose) -> T:
        """One endpoint's answer, whatever the others would say; no second try. Raises as `ask`."""
        member = next(each for each in self._members if each.endpoint is endpoint)
        try:
            return await self._ask_one(member, _Question(calls, decode, purpose, bulky=False))
        except Transient as error:
            self._set_aside(member, error)
            raise

    def endpoints(self) -> Sequence[Endpoint]:
        """All, in the configured order."""
        return [member.endpoint for member in self._members]

    def distrust_named(self, name: str, reason: str) -> None:
        """As `distrust`, of every endpoint of that name."""
        for member in self._members:
            if member.endpoint.name == name:
                self.distrust(member.endpoint, reason)

    def distrust(self, endpoint: Endpoint, reason: str) -> None:
        """Ask an endpoint last for a while: what it said contradicts the others. Answering well otherwise does not clear it."""
        for member in self._members:
            if member.endpoint is endpoint:
                now = self._clock.now()
                if now >= member.distrusted_until:
                    self._on_incident(Incident(endpoint.name, "distrusted", reason))
                member.distrusted_until = now + self._retry.distrust_s
            else:
                # It may have been measured by a head that was not true.
                member.behind = None

    async def _each(
        self, look: Callable[[Member], Coroutine[None, None, None]], patience_s: float, members: Sequence[Member] | None = None
    ) -> list[KeeperError]:
        """Run `look` on `members` (all of them without) at once, but for those that want to be left alone; one that fails or is slow is set
        aside. Returns the failures."""
        failures: list[KeeperError] = []

        async def guarded(member: Member) -> None:
            try:
                async with asyncio.timeout(patience_s):
                    await look(member)
            except TimeoutError:
                failures.append(RpcTimeout(f"{member.endpoint.name}: no answer in {patience_s} s"))
                self._set_aside(member, failures[-1])
            except (Transient, RpcError) as error:
                failures.append(error)
                self._set_aside(member, error)

        async with asyncio.TaskGroup() as group:
            for member in self._members if members is None else members:
                if self._clock.now() >= member.resting_until:
                    group.create_task(guarded(member))
        return failures

    async def _ask_one(self, member: Member, question: _Question[T]) -> T:
        await self._verify(member)
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        answers = await member.endpoint.ask(question.calls, question.purpose)
        took_s = clock() - asked_at
        try:
            value = question.decode(answers)
        except _MALFORMED as error:
            name, method = member.endpoint.name, question.calls[0].method
            raise Untrustworthy(f"{name}: malformed answer to {method}: {error!r}") from error
        if not question.bulky:
            member.took(question.calls, took_s)
        if member.failures and took_s <= self._retry.hedge_cap_s:
            self._on_incident(Incident(member.endpoint.name, "recovered", f"after {member.failures} failures"))
            member.sound(self._clock.now())
        return value

    async def _verify(self, member: Member) -> None:
        if member.verified:
            return
        answer = (await member.endpoint.ask([_CHAIN_ID], Purpose.HEAD))[0]
        if isinstance(answer, RpcError):
            raise Untrustworthy(f"{member.endpoint.name} does not tell its chain id: {answer}")
        try:
            chain_id = quantity(answer)
        except _MALFORMED as error:
            raise Untrustworthy(f"{member.endpoint.name}: {str(answer)[:60]!r} is not a chain id") from error
        if chain_id != self._chain_id:
            raise _WrongChain(f"id is {self._chain_id}, but {member.endpoint.name} serves chain {chain_id}")
        member.verified = True

    async def _in_order(self, turn: int) -> list[Member]:
        """Who to ask, best first. A `turn` starts further down among the equally good. Endpoints that want to be left alone are not asked;
        when all do, this waits a little, or raises RateLimited."""
        while True:
            now = self._clock.now()
            until = min(member.resting_until for member in self._members)
            if now >= until:
                break
            if until - now > self._retry.backoff_cap_s:
                raise RateLimited(f"every endpoint wants to be left alone, the first for {until - now:.0f} s more")
            # Somebody else's answer may send it back to rest meanwhile: look again.
            await self._clock.sleep(until - now)
        order = sorted((each for each in self._members if now >= each.resting_until), key=lambda member: member.rank(now))
        equal = sum(1 for member in order if member.rank(now) == order[0].rank(now))
        start = turn % equal
        return order[start:equal] + order[:start] + order[equal:]

    def _set_aside(self, member: Member, error: KeeperError) -> None:
        now, sound = self._clock.now(), not member.failures
        member.failed(now, self._retry)
        if isinstance(error, RateLimited) and error.retry_after_s is not None:
            member.resting_until = now + error.retry_after_s
        if sound:
            # Once: a long outage is one piece of news, not one per request.
            self._on_incident(Incident(member.endpoint.name, "failed", str(error)))


class _Race(Generic[T]):
    """Endpoints asked the same at the same time."""

    def __init__(self) -> None:
        self.running: dict[asyncio.Task[T], Member] = {}
        self.failures: list[tuple[Member, Transient | RpcError]] = []
        self._started: list[Member] = []

    def start(self, member: Member, answer: Coroutine[None, None, T]) -> None:
        """Ask one more."""
        self._started.append(member)
        self.running[asyncio.create_task(answer)] = member

    def silent_before(self, winner: Member) -> Sequence[Member]:
        """Those that were asked before the winner and have not answered."""
        earlier = self._started[: self._started.index(winner)]
        return [member for member in earlier if any(member is silent for silent in self.running.values())]

    async def end(self) -> None:
        """Take back the questions that are still open; none is left running."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)


def _is_final(error: Transient | RpcError, question: _Question[T]) -> bool:
    """Whether there is no use in asking another endpoint: the contract itself fails, or the caller can ask for less."""
    if isinstance(error, SizeLimited):
        return question.bulky
    return isinstance(error, RpcError) and is_call_failure(error) and not is_out_of_gas(error)


def _is_nodes_own(error: RpcError) -> bool:
    """Whether an error says something about the nodes, and nothing about the block or the contract."""
    return not isinstance(error, BlockUnknown) and not is_call_failure(error)


def _most_telling(failures: Sequence[Transient | RpcError]) -> Transient | RpcError:
    """What nobody knows is news about the block; an error is at least an answer, and so is a limit; else whatever came last."""
    for kind in (BlockUnknown, RpcError, SizeLimited):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    return failures[-1]


_MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError)
"""What taking an untrue answer apart may raise."""
LATEST = RpcCall("eth_getBlockByNumber", ("latest", False))
_CHAIN_ID = RpcCall("eth_chainId", ())
_HEAD = _Question([LATEST], lambda answers: parse_header(answers[0]).ref.number, Purpose.HEAD, bulky=False)
_TENDING_S = 0.25
_SILENT_S = 2.0
"""A question that has waited for so long is a reason to look whether anybody answers."""
_ENDLESS = 1 << 62
