"""Before money moves: the effect of a transaction is asked of all endpoints at one block, and counts only where they agree.

One endpoint's value of an `eth_call` carries no proof. Two that differ prove that one of them is wrong: nothing is sent until they agree;
of three and more the majority decides. With one endpoint there is no comparison."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn, Protocol

from keeper.domain.agreement import Agreement, agreement
from keeper.domain.call_failure import is_call_failure
from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.money import Usd18
from keeper.domain.outcome import SimOutcome, SimReverted
from keeper.domain.parse import hash32, hex_bytes
from keeper.errors import BlockUnknown, EndpointsDisagree, RpcError, RpcUnavailable
from keeper.execution.batch import results_of, simulated
from keeper.execution.fork import Trial
from keeper.execution.node import Answer, Json

_PAUSE_S = 0.05


class Endpoints(Protocol):
    """Several endpoints of one chain."""

    @property
    def endpoints(self) -> int:
        """How many there are."""

    @property
    def dispute(self) -> str | None:
        """What they dispute about the chain as such, in one sentence."""

    async def head(self) -> BlockRef:
        """The newest block."""

    async def opinions(
        self, calls: Sequence[tuple[str, Sequence[Json]]], *, patience_s: float | None = None
    ) -> Sequence[tuple[str, list[Answer]]]:
        """The answers of each sound endpoint that answers in time, by the endpoint's name."""

    def distrust(self, endpoint: str, reason: str) -> None:
        """Ask this endpoint last for a while."""


class Simulator(Protocol):
    """What is wrapped: see `keeper.engine.ports.Simulator`."""

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome: ...

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome: ...


class Vote(NamedTuple):
    """The effect of a transaction according to one endpoint: for each of its plans the change of the executor's worth, None for one that
    reverts; None where all of it does; or the reason why it has none: another block at that height, or no such contract."""

    changes: tuple[Usd18 | None, ...] | None
    contradiction: str | None = None

    def __str__(self) -> str:
        if self.contradiction is not None:
            return self.contradiction
        if self.changes is None:
            return "it reverts"
        effects = ["reverts" if change is None else f"brings {change.units:.6f} USD" for change in self.changes]
        return f"it {', '.join(effects)}"


@dataclass(frozen=True, slots=True)
class _Question:
    """A transaction at a block, and how far ahead of it it would run (seconds)."""

    trial: Trial
    block: BlockRef
    ahead: int


class AgreedSimulator:
    """A simulator whose pre-check is that of all endpoints. `patience_s`: how long a slow or lagging endpoint is waited for, and how long
    ones that differ may take to agree; an endpoint without an answer by then has no vote. `report` takes a sentence while they differ, and
    None when they agree again."""

    def __init__(self, simulator: Simulator, chain: Endpoints, report: Callable[[str | None], None], *, patience_s: float) -> None:
        self._simulator = simulator
        self._chain = chain
        self._report = report
        self._patience_s = patience_s
        self._silent: set[str] = set()
        self._contrary: set[str] = set()
        self._disputed: _Question | None = None

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """The outcome of most endpoints; `gas_used` is 0 and `logs` are empty. Raises EndpointsDisagree, and as the simulator."""
        if self._chain.endpoints < 2:
            return await self._simulator.pre_check(sender, to, calldata, gas, block, at)
        if self._chain.dispute is not None:
            raise EndpointsDisagree(self._chain.dispute)
        start = asyncio.get_running_loop().time()
        question = _Question(Trial(sender, to, calldata, gas, at), block, at - block.timestamp)
        vote = await self._decided(question)
        if vote is None:
            return await self._simulator.pre_check(sender, to, calldata, gas, block, at)
        duration_ms = 1e3 * (asyncio.get_running_loop().time() - start)
        outcome, answer = vote
        if outcome.contradiction is not None:
            raise BlockUnknown(0, f"block {block.number} {block.hash}: every endpoint {outcome.contradiction}")
        if outcome.changes is None:
            return SimReverted(answer, 0, duration_ms)
        return simulated(results_of(calldata, answer, to), 0, (), duration_ms)

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """As the simulator."""
        return await self._simulator.settle(sender, to, calldata, gas, block, at)

    async def reconsider(self) -> None:
        """Ask a disputed question again, at the head: without new candidates nothing else shows that the endpoints agree again."""
        if self._disputed is None:
            return
        head = await self._chain.head()
        trial = self._disputed.trial
        trial = Trial(trial.sender, trial.to, trial.calldata, trial.gas, Timestamp(head.timestamp + self._disputed.ahead))
        try:
            await self._decided(_Question(trial, head, self._disputed.ahead))
        except EndpointsDisagree:
            return

    async def _decided(self, question: _Question) -> tuple[Vote, bytes] | None:
        """The vote that counts, with the call's answer (its output, or a revert's payload); None without any vote.

        Raises EndpointsDisagree."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._patience_s
        while True:
            votes, laggards = await self._votes(question)
            verdict = agreement([(name, vote) for name, vote, _ in votes])
            stable = verdict is not None and self._contrary.issuperset(verdict.dissenters) and laggards <= self._silent
            if stable or clock() + _PAUSE_S >= deadline:
                break
            # A block reaches one endpoint after the other, and some err about their newest one for a moment. An endpoint that was waited
            # for in vain is not waited for again.
            await asyncio.sleep(_PAUSE_S)
        self._silent = laggards
        self._contrary = set(verdict.dissenters) if verdict is not None else set()
        if verdict is None:
            return self._dispute(question, votes) if votes else None
        if len(votes) > 1:
            self._settle_dispute(verdict, question)
        return next((vote, data) for _, vote, data in votes if vote == verdict.value)

    async def _votes(self, question: _Question) -> tuple[list[tuple[str, Vote, bytes]], set[str]]:
        """(endpoint, vote, the call's answer) of those with a vote, and the names of those that answer but lag."""
        block, trial = question.block, question.trial
        calls: list[tuple[str, Sequence[Json]]] = [
            ("eth_call", [trial.wire(), {"blockHash": block.hash}, {}, {"time": hex(trial.at)}]),
            ("eth_getBlockByNumber", [hex(block.number), False]),
        ]
        votes: list[tuple[str, Vote, bytes]] = []
        laggards: set[str] = set()
        for name, (call_answer, header) in await self._chain.opinions(calls, patience_s=self._patience_s):
            vote = _vote(call_answer, header, block, trial)
            if vote is None:
                laggards.add(name)
            else:
                votes.append((name, vote, _payload(vote, call_answer)))
        return votes, laggards

    def _dispute(self, question: _Question, votes: Sequence[tuple[str, Vote, bytes]]) -> NoReturn:
        """Raises EndpointsDisagree."""
        sentence = "; ".join(f"{name}: {vote}" for name, vote, _ in votes)
        self._disputed = question
        self._report(f"endpoints differ about block {question.block.number}, nothing is sent until they agree: {sentence}")
        raise EndpointsDisagree(f"about block {question.block.number}: {sentence}")

    def _settle_dispute(self, verdict: Agreement[Vote], question: _Question) -> None:
        self._disputed = None
        self._report(None)
        for name in verdict.dissenters:
            self._chain.distrust(name, f"differs from the others about block {question.block.number}, which say: {verdict.value}")


def _vote(call_answer: Answer, header: Answer, block: BlockRef, trial: Trial) -> Vote | None:
    """What an endpoint's answers mean; None when it does not know the block yet or cannot answer."""
    try:
        if isinstance(header, RpcError) or header is None:
            return None
        block_hash = hash32(header["hash"])
        if block_hash != block.hash:
            return Vote(None, f"has another block there, {block_hash}")
        if isinstance(call_answer, RpcError):
            return Vote(None) if is_call_failure(call_answer) else None
        results = results_of(trial.calldata, hex_bytes(call_answer), trial.to)
        return Vote(tuple(result.change if result.succeeded else None for result in results))
    except RpcUnavailable:
        return Vote(None, f"has no KeeperExecutor at {trial.to}")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _payload(vote: Vote, call_answer: Answer) -> bytes:
    """What the call answered, where that is what the vote is about."""
    if isinstance(call_answer, RpcError):
        return call_answer.data
    return hex_bytes(call_answer) if vote.contradiction is None else b""
