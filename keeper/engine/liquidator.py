"""Candidates on their way to the chain: pre-check, settle on the fork, send; guarded ones may be settled after they were sent. One alone is
a transaction, several that wait are a batch. Every stage leaves a row; every stop has a reason."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Job, Part
from keeper.domain.chain import Address, BlockRef
from keeper.domain.decision import Choice, Decision, Limits, Skip
from keeper.domain.records import MicroTime
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.engine import recording
from keeper.engine.batch import Batch
from keeper.engine.checks import Checks
from keeper.engine.cooldowns import Cooldowns
from keeper.engine.packing import Packing
from keeper.engine.ports import BatchEncoder, Dispatcher, Encoder, Recorder, Simulator
from keeper.engine.recording import BlockKeys
from keeper.engine.required_quotes import RequiredQuotes
from keeper.engine.sending_order import Place, SendingOrder
from keeper.engine.settlements import Settlements
from keeper.engine.trials import Trials
from keeper.errors import BlockUnknown, EndpointsDisagree, RpcError, SignerUnavailable, Transient

_MAX_AGE_BLOCKS = 2
"""An older decision is left to those of newer blocks. Younger ones are safe to send: the executor's guard checks the profit."""
_BLOCKS_AHEAD = 2
"""Blocks' worth of gas that may wait to be mined: the next block is full while its successor is planned. What waits longer grows stale."""
_TRANSACTIONS_TRIED = 2
"""Transactions' worth of plans' gas limits tried at once: plans take about half of theirs, so that one transaction holds most of them."""

_Results: TypeAlias = dict[AccountRef, Attempt | Skip]


def _no_stop(_: Decision) -> Skip | None:
    """Nothing is in the way."""
    return None


@dataclass(frozen=True, slots=True)
class ExecutionSetup:
    """What the liquidator works with. Without a simulator it only observes, without a dispatcher it only simulates.

    With `settlements` a plan that the executor's own guard protects is sent first and settled later; without, all are settled first."""

    simulator: Simulator | None
    dispatcher: Dispatcher | None
    encode: Encoder
    encode_batch: BatchEncoder
    sender: Address
    executor: Address
    settlements: Settlements | None = None


@dataclass(frozen=True, slots=True)
class LiquidatorOptions:
    """The operator's limits; the chain's id and the seconds until its next block; the most blocks an account rests after a revert."""

    limits: Limits
    chain_id: int
    block_seconds: int
    cooldown_blocks: int


class Liquidator:
    """Takes decisions through the stages. By venue: `name_revert` has the words for a revert payload, `required_quotes` the signed prices
    that a plan reverted without. `stop` says why one may not be sent now, and is asked first and last."""

    def __init__(
        self,
        setup: ExecutionSetup | None,
        recorder: Recorder,
        options: LiquidatorOptions,
        *,
        clock: Callable[[], float],
        name_revert: Mapping[str, Callable[[bytes], str]],
        required_quotes: Mapping[str, RequiredQuotes] = MappingProxyType({}),
        stop: Callable[[Decision], Skip | None] = _no_stop,
    ) -> None:
        self._setup = setup
        self._recorder = recorder
        self._options = options
        self._clock = clock
        self._stop = stop
        self._cooldowns = Cooldowns(options.cooldown_blocks)
        self._concluded: dict[AccountRef, int] = {}
        self._order = SendingOrder()
        self._newest: dict[str, tuple[int, frozenset[AccountRef]]] = {}
        self._working: dict[AccountRef, Decision] = {}
        self._uses: dict[AccountRef, Use] = {}
        self._bench = _bench(setup, recorder, options, self._cooldowns, name_revert, required_quotes)

    @property
    def dispatcher(self) -> Dispatcher | None:
        """What it sends by; None where it does not."""
        return self._setup.dispatcher if self._setup is not None else None

    def in_cooldown(self, account: AccountRef, head: int) -> bool:
        """True for a while after plans for the account reverted."""
        return not self._cooldowns.is_over(account, head)

    def concluded(self, account: AccountRef, block_number: int) -> None:
        """An attempt on the account ended in this block: decisions of earlier blocks know nothing of it."""
        self._concluded[account] = block_number

    def used(self, venue: str, block_number: int) -> Use:
        """What the decisions worked on and the attempts in flight will have taken of the venue's markets and margin beyond what its book at
        this block knows: an attempt may have ended in a later one."""
        uses = {key: self._uses[key] for key, number in self._concluded.items() if number > block_number and key in self._uses}
        uses |= self._in_flight()
        uses |= {key: decision.use for key, decision in self._working.items()}
        return sum((use for (name, _), use in uses.items() if name == venue), NOTHING)

    def at_work(self, venue: str) -> Mapping[AccountKey, Use]:
        """The part of `used` that is not sent yet, by account. What is being broadcast is sent: nobody decides about it anew."""
        unsent = self._working.keys() - self._in_flight().keys()
        return {key[1]: self._working[key].use for key in unsent if key[0] == venue}

    def room(self, block: BlockRef) -> int:
        """How much gas plans of this block may be taken on now, by their limits: what two blocks hold less what waits for one, and no more
        than is tried at once. While nothing waits there is room for any plan."""
        at_work = sum(decision.plan.gas_limit for decision in self._working.values())
        waiting = at_work + (self.dispatcher.open_gas() if self.dispatcher is not None else 0)
        most = _TRANSACTIONS_TRIED * self._options.limits.max_gas
        return min(most, _BLOCKS_AHEAD * block.gas_limit - waiting) if waiting and block.gas_limit else most

    def renew(self, venue: str, block_number: int, decisions: Sequence[Decision]) -> None:
        """The venue's decisions of its newest block: those of an earlier block about other accounts are not worth sending any more."""
        self._newest[venue] = (block_number, frozenset(decision.key for decision in decisions))
        oldest = block_number - _MAX_AGE_BLOCKS
        self._concluded = {key: number for key, number in self._concluded.items() if key[0] != venue or number >= oldest}
        alive = self._concluded.keys() | self._in_flight().keys() | self._working.keys()
        self._uses = {key: use for key, use in self._uses.items() if key in alive}

    async def work(self, decisions: Sequence[Decision], newest_block: int) -> Sequence[Attempt | Skip]:
        """Take decisions of one block as far as mode, simulation and limits allow; the result of each. `newest_block` tells how old they
        have become."""
        in_flight = self.dispatcher.open_accounts() if self.dispatcher is not None else frozenset()
        skips = {each.key: self._outdated(each, newest_block, in_flight) for each in decisions}
        results: _Results = {key: skip for key, skip in skips.items() if skip is not None}
        timely = [decision for decision in decisions if decision.key not in results]
        if timely:
            results |= await self._finished(timely)
        for decision in decisions:
            if isinstance(result := results[decision.key], Skip):
                self.note(decision, "liquidate", result)
        return [results[decision.key] for decision in decisions]

    @staticmethod
    def name_of(result: Attempt | Skip) -> str:
        """The result of `work` in one or two words, for the log."""
        return f"skip: {result.reason.value} {result.detail}".strip() if isinstance(result, Skip) else f"sent {result.transaction_hash}"

    def note(self, decision: Decision, stage: str, choice: Choice) -> None:
        """Record a choice made after the first one."""
        row = recording.decision_row(self._keys(decision), decision.candidate, stage, choice, self._now(), plan=decision.plan)
        self._recorder.append([row])

    async def settle(self, batch: Batch) -> None:
        """Settle what was sent without, for the record. Raises BlockUnknown, RpcError, RpcUnavailable: the record then lacks it."""
        if self._bench is not None:
            await self._bench.trials.fork(batch)

    def _in_flight(self) -> Mapping[AccountRef, Use]:
        return self.dispatcher.in_flight() if self.dispatcher is not None else {}

    def _outdated(self, decision: Decision, newest_block: int, in_flight: Set[AccountRef]) -> Skip | None:
        """Why a decision is not worth the work any more: too old, in flight by now, or from before the account's last attempt ended."""
        number = decision.candidate.block.number
        if newest_block - number > _MAX_AGE_BLOCKS or number < self._concluded.get(decision.key, 0):
            return Skip(SkipReason.STALE)
        return Skip(SkipReason.IN_FLIGHT) if decision.key in in_flight else None

    async def _finished(self, decisions: Sequence[Decision]) -> _Results:
        try:
            return await self._in_order(decisions)
        except BlockUnknown:
            skip = Skip(SkipReason.STALE, "its block was orphaned")
        except EndpointsDisagree as error:
            skip = Skip(SkipReason.ENDPOINTS_DISAGREE, str(error))
        except SignerUnavailable as error:
            skip = Skip(SkipReason.SIGNER_UNAVAILABLE, str(error))
        except (Transient, RpcError) as error:
            skip = Skip(SkipReason.ENDPOINT_DOWN, str(error))
        return _all(decisions, skip)

    async def _in_order(self, decisions: Sequence[Decision]) -> _Results:
        self._working |= {decision.key: decision for decision in decisions}
        self._uses |= {decision.key: decision.use for decision in decisions}
        try:
            with self._order.place(frozenset[tuple[str, str]]().union(*(decision.markets for decision in decisions))) as place:
                return await self._stages(decisions, place)
        finally:
            for decision in decisions:
                self._working.pop(decision.key, None)

    async def _stages(self, decisions: Sequence[Decision], place: Place) -> _Results:
        if self._bench is None:
            return _all(decisions, Skip(SkipReason.OBSERVING))
        results = self._stops(decisions)
        decisions = [decision for decision in decisions if decision.key not in results]
        return results | await self._tried(self._bench, decisions, place) if decisions else results

    async def _tried(self, bench: "_Bench", decisions: Sequence[Decision], place: Place) -> _Results:
        if bench.packing.fees(decisions) is None:
            return _all(decisions, _above_cap(decisions))
        checked = await bench.checks.check(decisions)
        checked_us = self._now()
        results: _Results = dict(checked.skips)
        if self.dispatcher is None:
            return _all(decisions, Skip(SkipReason.SIMULATING)) | results
        await place.turn()
        packing = bench.packing
        batches = [batch for each in checked.batches if (batch := self._still_wanted(each, packing, results)) is not None]
        for number, batch in enumerate(batches, 1):
            if number == len(batches):
                # The dispatcher takes them in the order they come; the next need not wait until an endpoint has answered this one.
                place.leave()
            results |= await self._send(self.dispatcher, packing, batch, checked_us)
        return results

    def _stops(self, decisions: Sequence[Decision]) -> _Results:
        """Those that a closed gate keeps back."""
        stops = {decision.key: self._stop(decision) for decision in decisions}
        return {key: stop for key, stop in stops.items() if stop is not None}

    def _still_wanted(self, batch: Batch, packing: Packing, results: _Results) -> Batch | None:
        """Without what a newer block has decided otherwise about, or a gate keeps back; None where nothing is left."""
        results |= self._stops(batch.decisions)
        for decision in batch.decisions:
            number, going_on = self._newest[decision.candidate.venue]
            if batch.block.number < number and decision.key not in going_on and not decision.unwind:
                results[decision.key] = Skip(SkipReason.STALE, f"block {number} decides otherwise")
        rest = [decision for decision in batch.decisions if decision.key not in results]
        if len(rest) == len(batch.decisions):
            return batch
        return packing.batch(rest) if rest else None

    async def _send(self, dispatcher: Dispatcher, packing: Packing, batch: Batch, checked_us: int) -> _Results:
        """Of a batch that limit or cap forbid, the halves: one may be allowed."""
        fees = packing.fees(batch.decisions)
        if fees is None:
            return _all(batch.decisions, _above_cap(batch.decisions))
        job = Job(
            parts=tuple(Part(each.candidate.id, each.candidate.venue, each.candidate.account, each.use) for each in batch.decisions),
            block=batch.block,
            to=batch.to,
            calldata=batch.calldata,
            gas_limit=batch.gas_limit,
            budget_wei=packing.budget_wei(batch, fees.max_fee_wei),
            value_wei=sum(decision.plan.value_wei for decision in batch.decisions),
            stages=replace(batch.decisions[0].stages, checked_us=checked_us),
        )
        attempts = await dispatcher.send(job, fees)
        if not attempts and len(batch.decisions) == 1:
            return _all(batch.decisions, self._stop(batch.decisions[0]) or Skip(SkipReason.SPENDING_CAP))
        if not attempts:
            middle = len(batch.decisions) // 2
            halves = [packing.batch(half) for half in (batch.decisions[:middle], batch.decisions[middle:])]
            return {key: result for half in halves for key, result in (await self._send(dispatcher, packing, half, checked_us)).items()}
        if self._setup is not None and self._setup.settlements is not None and batch.must_pay:
            self._setup.settlements.add(batch)
        return {(attempt.venue, attempt.account): attempt for attempt in attempts}

    def _keys(self, decision: Decision) -> BlockKeys:
        return BlockKeys(self._options.chain_id, decision.candidate.venue, decision.candidate.block)

    def _now(self) -> MicroTime:
        return recording.timestamp_us(self._clock())


def _above_cap(decisions: Sequence[Decision]) -> Skip:
    return Skip(SkipReason.GAS_PRICE_CAP, f"base fee {decisions[0].candidate.block.base_fee_wei} wei")


def _all(decisions: Sequence[Decision], skip: Skip) -> _Results:
    return {decision.key: skip for decision in decisions}


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where plans are made into transactions and tried."""

    trials: Trials
    packing: Packing
    checks: Checks


def _bench(
    setup: ExecutionSetup | None,
    recorder: Recorder,
    options: LiquidatorOptions,
    cooldowns: Cooldowns,
    name_revert: Mapping[str, Callable[[bytes], str]],
    required_quotes: Mapping[str, RequiredQuotes],
) -> _Bench | None:
    """None where nothing is tried."""
    if setup is None or setup.simulator is None:
        return None
    dispatcher = setup.dispatcher

    def sender() -> Address:
        return setup.sender if dispatcher is None else dispatcher.sender

    trials = Trials(setup.simulator, sender, recorder, options.chain_id, name_revert)
    packing = Packing(setup.encode, setup.encode_batch, setup.executor, options.limits, options.block_seconds)
    return _Bench(trials, packing, Checks(trials, packing, cooldowns, required_quotes, settles_first=setup.settlements is None))
