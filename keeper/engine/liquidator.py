"""One candidate at a time: pre-check, settle on the fork, send; a guarded one may be settled after it was sent. Every stage leaves a row;
every stop has a reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Job
from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.decision import Choice, Decision, Limits, Skip, min_guard_change
from keeper.domain.fees import Fees, offer
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.plan import LiquidationPlan
from keeper.domain.records import MicroTime
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.engine import recording
from keeper.engine.ports import Dispatcher, Encoder, Recorder, Simulator
from keeper.engine.recording import BlockKeys
from keeper.engine.required_quotes import RequiredQuotes
from keeper.engine.sending_order import Place, SendingOrder
from keeper.engine.settlements import Settlement, Settlements
from keeper.errors import BlockUnknown, EndpointsDisagree, RpcError, Transient

_MAX_AGE_BLOCKS = 2
"""An older decision is left to those of newer blocks. Younger ones are safe to send: the executor's guard checks the profit."""


@dataclass(frozen=True, slots=True)
class ExecutionSetup:
    """What the liquidator works with. Without a simulator it only observes, without a dispatcher it only simulates.

    With `settlements` a plan that the executor's own guard protects is sent first and settled later; without, all are settled first."""

    simulator: Simulator | None
    dispatcher: Dispatcher | None
    encode: Encoder
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
    that a plan reverted without."""

    def __init__(
        self,
        setup: ExecutionSetup | None,
        recorder: Recorder,
        options: LiquidatorOptions,
        *,
        clock: Callable[[], float],
        name_revert: Mapping[str, Callable[[bytes], str]],
        required_quotes: Mapping[str, RequiredQuotes] = MappingProxyType({}),
    ) -> None:
        self._setup = setup
        self._recorder = recorder
        self._options = options
        self._limits = options.limits
        self._clock = clock
        self._name_revert = name_revert
        self._required_quotes = required_quotes
        self._cooling: dict[AccountRef, int] = {}
        self._failures: dict[AccountRef, int] = {}
        self._concluded: dict[AccountRef, int] = {}
        self._order = SendingOrder()
        self._newest: dict[str, tuple[int, frozenset[AccountRef]]] = {}
        self._working: set[AccountRef] = set()
        self._uses: dict[AccountRef, Use] = {}

    @property
    def dispatcher(self) -> Dispatcher | None:
        """What it sends by; None where it does not."""
        return self._setup.dispatcher if self._setup is not None else None

    def in_cooldown(self, account: AccountRef, head: int) -> bool:
        """True for a while after plans for the account reverted."""
        return self._cooling.get(account, -1) > head

    def concluded(self, account: AccountRef, block_number: int) -> None:
        """An attempt on the account ended in this block: decisions of earlier blocks know nothing of it."""
        self._concluded[account] = block_number

    def used(self, venue: str) -> Use:
        """What the decisions worked on and the attempts in flight (of this process) will have taken of the venue's markets."""
        alive = self._working | self._open_accounts()
        self._uses = {key: use for key, use in self._uses.items() if key in alive}
        return sum((use for (name, _), use in self._uses.items() if name == venue), NOTHING)

    def at_work(self, venue: str) -> Mapping[AccountKey, Use]:
        """The part of `used` that is not sent yet, by account."""
        return {key[1]: self._uses[key] for key in self._working if key[0] == venue and key in self._uses}

    def renew(self, venue: str, block_number: int, decisions: Sequence[Decision]) -> None:
        """The venue's decisions of its newest block: those of an earlier block about other accounts are not worth sending any more."""
        self._newest[venue] = (block_number, frozenset(decision.key for decision in decisions))
        oldest = block_number - _MAX_AGE_BLOCKS
        self._concluded = {key: number for key, number in self._concluded.items() if key[0] != venue or number >= oldest}

    async def work(self, decision: Decision, newest_block: int) -> Attempt | Skip:
        """Take the decision as far as mode, simulation and limits allow. `newest_block` tells how old the decision has become."""
        try:
            result = self._outdated(decision, newest_block) or await self._in_order(decision)
        except BlockUnknown:
            result = Skip(SkipReason.STALE, "its block was orphaned")
        except EndpointsDisagree as error:
            result = Skip(SkipReason.ENDPOINTS_DISAGREE, str(error))
        except (Transient, RpcError) as error:
            result = Skip(SkipReason.ENDPOINT_DOWN, str(error))
        if isinstance(result, Skip):
            self.note(decision, "liquidate", result)
        return result

    @staticmethod
    def name_of(result: Attempt | Skip) -> str:
        """The result of `work` in one or two words, for the log."""
        return f"skip: {result.reason.value} {result.detail}".strip() if isinstance(result, Skip) else f"sent {result.transaction_hash}"

    def note(self, decision: Decision, stage: str, choice: Choice) -> None:
        """Record a choice made after the first one."""
        row = recording.decision_row(self._keys(decision), decision.candidate, stage, choice, self._now(), plan=decision.plan)
        self._recorder.append([row])

    def _outdated(self, decision: Decision, newest_block: int) -> Skip | None:
        """Why a decision is not worth the work any more: too old, in flight by now, or from before the account's last attempt ended."""
        number = decision.candidate.block.number
        if newest_block - number > _MAX_AGE_BLOCKS or number < self._concluded.get(decision.key, 0):
            return Skip(SkipReason.STALE)
        return Skip(SkipReason.IN_FLIGHT) if self._in_flight(decision) else None

    def _in_flight(self, decision: Decision) -> bool:
        return decision.key in self._open_accounts()

    def _open_accounts(self) -> frozenset[AccountRef]:
        return self.dispatcher.open_accounts() if self.dispatcher is not None else frozenset()

    async def _in_order(self, decision: Decision) -> Attempt | Skip:
        self._working.add(decision.key)
        self._uses[decision.key] = decision.plan.use
        try:
            with self._order.place(decision.markets) as place:
                return await self._stages(decision, place)
        finally:
            self._working.discard(decision.key)

    async def _stages(self, decision: Decision, place: Place) -> Attempt | Skip:
        if self._setup is None or self._setup.simulator is None:
            return Skip(SkipReason.OBSERVING)
        block, gas_price = decision.candidate.block, decision.gas_price
        fees = offer(block.base_fee_wei, gas_price.priority_fee_wei, gas_price.max_fee_wei)
        if fees is None:
            return Skip(SkipReason.GAS_PRICE_CAP, f"base fee {block.base_fee_wei} wei")
        prepared = await self._checked(self._setup, self._setup.simulator, decision)
        if isinstance(prepared, Skip):
            return prepared
        decision, calldata = prepared
        stopped = await self._settle_first(self._setup, self._setup.simulator, decision, calldata)
        if stopped is not None:
            return stopped
        decision = replace(decision, stages=replace(decision.stages, checked_us=self._now()))
        self._failures.pop(decision.key, None)
        if self._setup.dispatcher is None:
            return Skip(SkipReason.SIMULATING)
        await place.turn()
        number, going_on = self._newest[decision.candidate.venue]
        if block.number < number and decision.key not in going_on and not decision.unwind:
            return Skip(SkipReason.STALE, f"block {number} decides otherwise")
        # The dispatcher takes them in the order they come; the next one need not wait until an endpoint has answered this one.
        place.leave()
        return await self._send(self._setup, self._setup.dispatcher, decision, calldata, fees)

    async def _checked(self, setup: ExecutionSetup, simulator: Simulator, decision: Decision) -> tuple[Decision, bytes] | Skip:
        """The decision and its calldata once the pre-check passes, completed with signed prices where it reverted for want of them."""
        while True:
            calldata = self._calldata(setup, decision)
            checked = await simulator.pre_check(*self._transaction(setup, decision, calldata))
            self._record_simulation(decision, "call", checked)
            if not isinstance(checked, SimReverted):
                return decision, calldata
            plan = await self._completed(decision, checked.data)
            if plan is None:
                return self._start_cooldown(decision, SkipReason.PRE_CHECK_REVERTED, checked)
            decision = replace(decision, choice=replace(decision.liquidate, plan=plan))

    def _calldata(self, setup: ExecutionSetup, decision: Decision) -> bytes:
        """Of the whole plan, with the guard that asks gas and the wanted profit back."""
        venue, plan, block = decision.candidate.venue, decision.plan, decision.candidate.block
        if not decision.must_pay:
            return setup.encode(venue, plan, min_guard_change(plan, ZERO_USD))
        gas_cost = decision.gas_price.cost(plan.gas_limit, block, setup.encode(venue, plan, ZERO_USD), plan.value_wei)
        return setup.encode(venue, plan, min_guard_change(plan, self._limits.min_profit + gas_cost))

    async def _completed(self, decision: Decision, revert: bytes) -> LiquidationPlan | None:
        quotes = self._required_quotes.get(decision.candidate.venue)
        return await quotes.completed(decision.plan, revert) if quotes is not None else None

    async def _settle_first(self, setup: ExecutionSetup, simulator: Simulator, decision: Decision, calldata: bytes) -> Skip | None:
        """On the fork, unless that may be done afterwards. Returns why not to go on."""
        block = decision.candidate.block
        if setup.settlements is not None and decision.must_pay:
            # The pre-check ran the same code on the same state, guard included. The fork would add the gas really used, and some 100 ms.
            return None
        settled = await self._settle(setup, simulator, decision, calldata)
        if isinstance(settled, SimReverted):
            return self._start_cooldown(decision, SkipReason.SIMULATION_REVERTED, settled)
        gas_cost = decision.gas_price.cost(settled.gas_used, block, calldata, decision.plan.value_wei)
        profit = gross_profit(decision.plan, settled) - gas_cost
        if profit < self._limits.min_profit and decision.must_pay:
            return Skip(SkipReason.SIMULATION_UNPROFITABLE, f"{profit.units:.2f} USD")
        return None

    async def settle(self, settlement: Settlement) -> None:
        """Settle what was sent without, for the record. Raises BlockUnknown, RpcError, RpcUnavailable: the record then lacks it."""
        if self._setup is not None and self._setup.simulator is not None:
            await self._settle(self._setup, self._setup.simulator, settlement.decision, settlement.calldata)

    async def _settle(self, setup: ExecutionSetup, simulator: Simulator, decision: Decision, calldata: bytes) -> SimOutcome:
        settled = await simulator.settle(*self._transaction(setup, decision, calldata))
        self._record_simulation(decision, "fork", settled)
        return settled

    def _transaction(
        self, setup: ExecutionSetup, decision: Decision, calldata: bytes
    ) -> tuple[Address, Address, bytes, int, BlockRef, Timestamp]:
        """What the simulator is to run: sender, target, calldata, gas limit, the block it stands on and the time it would run at: the next
        block's, or a later one, where that is overdue and signed prices are of a later time already."""
        block = decision.candidate.block
        at = max((Timestamp(block.timestamp + self._options.block_seconds), *(call.not_before for call in decision.plan.calls)))
        return setup.sender, setup.executor, calldata, decision.plan.gas_limit, block, at

    async def _send(self, setup: ExecutionSetup, dispatcher: Dispatcher, decision: Decision, calldata: bytes, fees: Fees) -> Attempt | Skip:
        candidate = decision.candidate
        attempt = await dispatcher.send(
            Job(
                candidate_id=candidate.id,
                venue=candidate.venue,
                account=candidate.account,
                block=candidate.block,
                to=setup.executor,
                calldata=calldata,
                gas_limit=decision.plan.gas_limit,
                budget_wei=max(decision.plan.gas_limit * fees.max_fee_wei, decision.worth_wei),
                stages=decision.stages,
            ),
            fees,
        )
        if attempt is None:
            return Skip(SkipReason.SPENDING_CAP)
        if setup.settlements is not None and decision.must_pay:
            setup.settlements.add(decision, calldata)
        return attempt

    def _start_cooldown(self, decision: Decision, reason: SkipReason, outcome: SimReverted) -> Skip:
        """A plan that reverts again and again is tried ever more rarely: the first time it may only be a matter of timing."""
        number = decision.candidate.block.number
        failures = self._failures[decision.key] = self._failures.get(decision.key, 0) + 1
        pause = min(2 ** (failures - 1) - 1, self._options.cooldown_blocks)
        self._cooling[decision.key] = number + pause + 1
        return Skip(reason, self._reason(decision, outcome))

    def _record_simulation(self, decision: Decision, method: str, outcome: SimOutcome) -> None:
        if isinstance(outcome, SimSettled):
            row = recording.simulation_row(
                self._keys(decision), decision.candidate, method, outcome, None, gross_profit(decision.plan, outcome).units
            )
        else:
            row = recording.simulation_row(self._keys(decision), decision.candidate, method, outcome, self._reason(decision, outcome), None)
        self._recorder.append([row])

    def _reason(self, decision: Decision, outcome: SimReverted) -> str:
        return self._name_revert[decision.candidate.venue](outcome.data)

    def _keys(self, decision: Decision) -> BlockKeys:
        return BlockKeys(self._options.chain_id, decision.candidate.venue, decision.candidate.block)

    def _now(self) -> MicroTime:
        return recording.timestamp_us(self._clock())


def gross_profit(plan: LiquidationPlan, outcome: SimSettled) -> Usd18:
    """What the plan brought on the fork before gas, from the change of the executor's worth."""
    return outcome.change - plan.break_even
