"""One candidate at a time: pre-check, settle on the fork, send; a guarded one may be settled after it was sent. Every stage leaves a row;
every stop has a reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from keeper.domain.attempt import Attempt, Job
from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.decision import Decision, Limits, Skip, min_guard_change
from keeper.domain.fees import Fees, offer
from keeper.domain.fixed import X18, to_units
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.records import MicroTime
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.domain.venue import AccountKey, AccountRef, LiquidationPlan
from keeper.engine import recording
from keeper.engine.mailbox import Case
from keeper.engine.ports import Dispatcher, Encoder, Recorder, Simulator
from keeper.engine.questions import NewestFee
from keeper.engine.recording import Where
from keeper.engine.sending_order import Place, SendingOrder
from keeper.engine.settlements import Settlement, Settlements
from keeper.errors import BlockUnknown, EndpointsDisagree, RpcError, Transient

_MAX_AGE_BLOCKS = 2
"""A case older than this is left to the newer blocks' cases. Younger ones are safe to send: the executor's guard checks the profit."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What the liquidator works with. Without a simulator it only observes, without a dispatcher it only simulates. `newest_fee` holds the
    L1 data fee's prices the dispatcher reserves with; the evaluators keep it up to date.

    With `settlements` a plan that the executor's own guard protects is sent first and settled later; without, all are settled first."""

    simulator: Simulator | None
    dispatcher: Dispatcher | None
    encode: Encoder
    sender: Address
    executor: Address
    newest_fee: NewestFee | None = None
    settlements: Settlements | None = None


class Liquidator:
    """Takes cases through the stages. `name_revert` is the venue's own reading of a revert payload."""

    def __init__(
        self,
        hands: Hands | None,
        recorder: Recorder,
        limits: Limits,
        *,
        chain_id: int,
        block_seconds: int,
        cooldown_blocks: int,
        clock: Callable[[], float],
        name_revert: Mapping[str, Callable[[bytes], str]],
    ) -> None:
        self._hands = hands
        self._recorder = recorder
        self._limits = limits
        self._chain_id = chain_id
        self._block_seconds = block_seconds
        self._cooldown_blocks = cooldown_blocks
        self._clock = clock
        self._name_revert = name_revert
        self._cooling: dict[AccountRef, int] = {}
        self._failures: dict[AccountRef, int] = {}
        self._concluded: dict[AccountRef, int] = {}
        self._order = SendingOrder()
        self._newest: dict[str, tuple[int, frozenset[AccountRef]]] = {}
        self._working: set[AccountRef] = set()
        self._uses: dict[AccountRef, Use] = {}

    def resting(self, account: AccountRef, head: int) -> bool:
        """True while the account rests after plans for it reverted."""
        return self._cooling.get(account, -1) > head

    def concluded(self, account: AccountRef, block_number: int) -> None:
        """An attempt on the account ended in this block: cases of earlier blocks know nothing of it."""
        self._concluded[account] = block_number

    def used(self, venue: str) -> Use:
        """What the cases worked on and the attempts in flight (of this process) will have taken of the venue's markets."""
        alive = self._working | self._open_accounts()
        self._uses = {key: use for key, use in self._uses.items() if key in alive}
        return sum((use for (name, _), use in self._uses.items() if name == venue), NOTHING)

    def at_work(self, venue: str) -> Mapping[AccountKey, Use]:
        """The part of `used` that is not sent yet, by account."""
        return {key[1]: self._uses[key] for key in self._working if key[0] == venue and key in self._uses}

    def judged(self, venue: str, block_number: int, cases: Sequence[Case]) -> None:
        """What the venue's newest block says: a case of an earlier one that is not among its cases is not worth sending any more."""
        self._newest[venue] = (block_number, frozenset(case.key for case in cases))
        oldest = block_number - _MAX_AGE_BLOCKS
        self._concluded = {key: number for key, number in self._concluded.items() if key[0] != venue or number >= oldest}

    async def work(self, case: Case, newest_block: int) -> Attempt | Skip:
        """Take the case as far as mode, simulation and limits allow. `newest_block` tells how old the case has become."""
        try:
            result = self._outdated(case, newest_block) or await self._in_order(case)
        except BlockUnknown:
            result = Skip(SkipReason.STALE, "its block was orphaned")
        except EndpointsDisagree as error:
            result = Skip(SkipReason.ENDPOINTS_DISAGREE, str(error))
        except (Transient, RpcError) as error:
            result = Skip(SkipReason.ENDPOINT_DOWN, str(error))
        if isinstance(result, Skip):
            self.note(case, "liquidate", result)
        return result

    @staticmethod
    def name_of(result: Attempt | Skip) -> str:
        """The result of `work` in one or two words, for the log."""
        return f"skip: {result.reason.value} {result.detail}".strip() if isinstance(result, Skip) else f"sent {result.transaction_hash}"

    def note(self, case: Case, stage: str, decision: Decision) -> None:
        """Record a decision made after the first one."""
        row = recording.decision_row(self._where(case), case.candidate, stage, decision, case.plan, self._now())
        self._recorder.append([row])

    def _outdated(self, case: Case, newest_block: int) -> Skip | None:
        """Why a case is not worth the work any more: too old, in flight by now, or from before the account's last attempt ended."""
        number = case.candidate.block.number
        if newest_block - number > _MAX_AGE_BLOCKS or number < self._concluded.get(case.key, 0):
            return Skip(SkipReason.STALE)
        return Skip(SkipReason.IN_FLIGHT) if self._in_flight(case) else None

    def _in_flight(self, case: Case) -> bool:
        return case.key in self._open_accounts()

    def _open_accounts(self) -> frozenset[AccountRef]:
        dispatcher = self._hands.dispatcher if self._hands is not None else None
        return dispatcher.open_accounts() if dispatcher is not None else frozenset()

    async def _in_order(self, case: Case) -> Attempt | Skip:
        self._working.add(case.key)
        self._uses[case.key] = case.plan.use
        try:
            with self._order.place(case.markets) as place:
                return await self._stages(case, place)
        finally:
            self._working.discard(case.key)

    async def _stages(self, case: Case, place: Place) -> Attempt | Skip:
        if self._hands is None or self._hands.simulator is None:
            return Skip(SkipReason.OBSERVING)
        block, tariff = case.candidate.block, case.tariff
        fees = offer(block.base_fee_wei, tariff.priority_fee_wei, tariff.max_fee_wei)
        if fees is None:
            return Skip(SkipReason.GAS_PRICE_CAP, f"base fee {block.base_fee_wei} wei")
        sketch = self._hands.encode(case.candidate.venue, case.plan, 0)
        least_change = 0 if case.unwind else self._limits.min_profit_x18 + tariff.cost_x18(case.plan.gas_limit, block, sketch)
        calldata = self._hands.encode(case.candidate.venue, case.plan, min_guard_change(case.plan, least_change))
        stopped = await self._simulate(self._hands, self._hands.simulator, case, calldata)
        if stopped is not None:
            return stopped
        self._failures.pop(case.key, None)
        if self._hands.dispatcher is None:
            return Skip(SkipReason.SIMULATING)
        await place.turn()
        number, going_on = self._newest[case.candidate.venue]
        if block.number < number and case.key not in going_on and not case.unwind:
            return Skip(SkipReason.STALE, f"block {number} decides otherwise")
        # The dispatcher takes them in the order they come; the next one need not wait until an endpoint has answered this one.
        place.leave()
        return await self._send(self._hands, self._hands.dispatcher, case, calldata, fees)

    async def _simulate(self, hands: Hands, simulator: Simulator, case: Case, calldata: bytes) -> Skip | None:
        block = case.candidate.block
        checked = await simulator.pre_check(*self._transaction(hands, case, calldata))
        self._record_simulation(case, "call", checked)
        if isinstance(checked, SimReverted):
            return self._rest(case, SkipReason.PRE_CHECK_REVERTED, checked)
        if hands.settlements is not None and not case.unwind:
            # The pre-check ran the same code on the same state, guard included. The fork would add the gas really used, and some 100 ms.
            return None
        settled = await self._settle(hands, simulator, case, calldata)
        if isinstance(settled, SimReverted):
            return self._rest(case, SkipReason.SIMULATION_REVERTED, settled)
        profit = profit_x18(case.plan, settled) - case.tariff.cost_x18(settled.gas_used, block, calldata)
        if profit < self._limits.min_profit_x18 and not case.unwind:
            return Skip(SkipReason.SIMULATION_UNPROFITABLE, f"{to_units(profit):.2f} USD")
        return None

    async def settle(self, settlement: Settlement) -> None:
        """Settle what was sent without, for the record. Raises BlockUnknown, RpcError, RpcUnavailable: the record then lacks it."""
        if self._hands is not None and self._hands.simulator is not None:
            await self._settle(self._hands, self._hands.simulator, settlement.case, settlement.calldata)

    async def _settle(self, hands: Hands, simulator: Simulator, case: Case, calldata: bytes) -> SimOutcome:
        settled = await simulator.settle(*self._transaction(hands, case, calldata))
        self._record_simulation(case, "fork", settled)
        return settled

    def _transaction(self, hands: Hands, case: Case, calldata: bytes) -> tuple[Address, Address, bytes, int, BlockRef, Timestamp]:
        """What the simulator is to run: sender, target, calldata, gas limit, the block it stands on and the time it would run at."""
        block = case.candidate.block
        at = Timestamp(block.timestamp + self._block_seconds)
        return hands.sender, hands.executor, calldata, case.plan.gas_limit, block, at

    async def _send(self, hands: Hands, dispatcher: Dispatcher, case: Case, calldata: bytes, fees: Fees) -> Attempt | Skip:
        candidate = case.candidate
        attempt = await dispatcher.send(
            Job(
                candidate_id=candidate.id,
                venue=candidate.venue,
                account=candidate.account,
                block=candidate.block,
                to=hands.executor,
                calldata=calldata,
                gas_limit=case.plan.gas_limit,
                budget_wei=max(case.plan.gas_limit * fees.max_fee_wei, worth_wei(case, calldata, self._limits)),
            ),
            fees,
        )
        if attempt is None:
            return Skip(SkipReason.SPENDING_CAP)
        if hands.settlements is not None and not case.unwind:
            hands.settlements.add(case, calldata)
        return attempt

    def _rest(self, case: Case, reason: SkipReason, outcome: SimReverted) -> Skip:
        """A plan that reverts again and again is tried ever more rarely: the first time it may only be a matter of timing."""
        number = case.candidate.block.number
        failures = self._failures[case.key] = self._failures.get(case.key, 0) + 1
        pause = min(2 ** (failures - 1) - 1, self._cooldown_blocks)
        self._cooling[case.key] = number + pause + 1
        return Skip(reason, self._reason(case, outcome))

    def _record_simulation(self, case: Case, method: str, outcome: SimOutcome) -> None:
        if isinstance(outcome, SimSettled):
            row = recording.simulation_row(
                self._where(case), case.candidate, method, outcome, None, to_units(profit_x18(case.plan, outcome))
            )
        else:
            row = recording.simulation_row(self._where(case), case.candidate, method, outcome, self._reason(case, outcome), None)
        self._recorder.append([row])

    def _reason(self, case: Case, outcome: SimReverted) -> str:
        return self._name_revert[case.candidate.venue](outcome.data)

    def _where(self, case: Case) -> Where:
        return Where(self._chain_id, case.candidate.venue, case.candidate.block)

    def _now(self) -> MicroTime:
        return recording.timestamp_us(self._clock())


def worth_wei(case: Case, calldata: bytes, limits: Limits) -> int:
    """The most the case's gas may cost: all its profit above the wanted one. Closing what the executor holds may cost what the operator
    pays for gas at most."""
    gas, tariff = case.plan.gas_limit, case.tariff
    if case.unwind:
        return gas * tariff.max_fee_wei
    before_gas = case.decision.economics.profit_x18 + tariff.cost_x18(gas, case.candidate.block, calldata)
    return (before_gas - limits.min_profit_x18) * X18 // tariff.native_price_x18


def profit_x18(plan: LiquidationPlan, outcome: SimSettled) -> int:
    """What the plan brought on the fork before gas, USD with 18 decimals, from the change of the executor's worth."""
    return outcome.change_x18 - plan.break_even_x18
