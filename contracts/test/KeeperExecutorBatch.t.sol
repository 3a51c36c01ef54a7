// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CallRules} from "../src/CallRules.sol";
import {KeeperExecutor} from "../src/KeeperExecutor.sol";
import {LossBudget} from "../src/LossBudget.sol";
import {Roles} from "../src/Roles.sol";
import {TestToken} from "../src/TestToken.sol";
import {Desk, ToyVenue} from "./ToyVenue.sol";
import {VM, Vm} from "./Vm.sol";

/// @dev A batch is several plans: no failure costs another plan, no rule is looser than for a plan that comes alone.
contract KeeperExecutorBatchTest is Desk {
    address private constant VICTIM = address(0xdead);
    uint64 private constant GAS = 400_000;

    function setUp() public {
        _open();
    }

    // --- isolation ---

    function testAFailingPlanCostsNoOther() public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](4);
        plans[0] = _trade(5, 3);
        plans[1] = _plan(_call(abi.encodeCall(ToyVenue.refuse, (42))), 0);
        plans[2] = _trade(5, 6);
        plans[3] = _trade(2, 2);
        KeeperExecutor.Result[] memory results = _execute(plans);
        assert(results[0].succeeded && results[0].change == 5 && results[0].reason.length == 0);
        assert(!results[1].succeeded && keccak256(results[1].reason) == keccak256(abi.encodeWithSelector(ToyVenue.Refused.selector, 42)));
        assert(keccak256(results[2].reason) == keccak256(abi.encodeWithSelector(KeeperExecutor.ProfitTooLow.selector, 5, 6)));
        assert(results[3].succeeded && results[3].change == 2);
        assert(venue.equity(address(executor)) == int256(MARGIN) + 7);
    }

    function testEveryPlanSaysWhatBecameOfIt() public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](2);
        plans[0] = _trade(5, 3);
        plans[1] = _plan(_call(abi.encodeCall(ToyVenue.refuse, (42))), 0);
        VM.recordLogs();
        KeeperExecutor.Result[] memory results = _execute(plans);
        Vm.Log[] memory logs = VM.getRecordedLogs();
        assert(logs.length == 2 && logs[0].emitter == address(executor) && logs[1].emitter == address(executor));
        assert(logs[0].topics[0] == KeeperExecutor.PlanExecuted.selector && logs[1].topics[0] == KeeperExecutor.PlanFailed.selector);
        assert(keccak256(logs[0].data) == keccak256(abi.encode(0, 5, results[0].gasUsed)));
        assert(keccak256(logs[1].data) == keccak256(abi.encode(1, results[1].gasUsed, results[1].reason)));
    }

    function testAPlanThatBurnsItsGasLeavesTheOthersTheirs() public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](3);
        plans[0] = _plan(_call(abi.encodeCall(ToyVenue.burn, (0))), 0);
        plans[1] = _plan(_call(abi.encodeCall(ToyVenue.burn, (0))), 0);
        plans[2] = _trade(1, 1);
        KeeperExecutor.Result[] memory results = _execute(plans);
        assert(!results[0].succeeded && _burnt(results[0], GAS) && _burnt(results[1], GAS));
        assert(results[2].succeeded);
    }

    function testAReasonIsCutBeforeItCostsTheBatch() public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](2);
        plans[0] = _plan(_call(abi.encodeCall(ToyVenue.refuseAtLength, (300_000))), 0);
        plans[0].gas = 1_000_000;
        plans[1] = _trade(1, 1);
        uint256 before = gasleft();
        KeeperExecutor.Result[] memory results = _execute(plans);
        uint256 gasUsed = before - gasleft();
        assert(!results[0].succeeded && results[0].reason.length == executor.MAX_REASON());
        assert(results[1].succeeded);
        assert(gasUsed - results[0].gasUsed - results[1].gasUsed < 100_000);
    }

    function testAPlanWithoutEnoughGasIsNotBegun() public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](2);
        plans[0] = _trade(7, 7);
        plans[0].gas = type(uint64).max;
        plans[1] = _trade(1, 1);
        KeeperExecutor.Result[] memory results = _execute(plans);
        assert(bytes4(results[0].reason) == KeeperExecutor.NotEnoughGas.selector && results[0].gasUsed == 0);
        assert(results[1].succeeded && venue.equity(address(executor)) == int256(MARGIN) + 1);
    }

    /// @dev The keeper's own arithmetic for a batch's gas limit (keeper/domain/sub_plan.py), less what a transaction costs before its first
    /// instruction: enough for every plan to use all of its own.
    function testFuzzTheKeepersGasLimitIsEnoughForAll(uint8 count, uint64 seed) public {
        uint256 number = 1 + (count % 6);
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](number);
        uint256 limit = 99_000;
        for (uint256 i = 0; i < number; ++i) {
            plans[i] = _plan(_call(abi.encodeCall(ToyVenue.burn, (0))), 0);
            plans[i].gas = uint64(50_000 + (uint256(keccak256(abi.encode(seed, i))) % 3_000_000));
            limit += plans[i].gas + plans[i].gas / 63 + 40_000;
        }
        VM.prank(OPERATOR);
        KeeperExecutor.Result[] memory results = executor.executeBatch{gas: limit}(plans);
        for (uint256 i = 0; i < number; ++i) assert(_burnt(results[i], plans[i].gas));
    }

    function testAnEmptyBatchIsNothing() public {
        assert(_execute(new KeeperExecutor.SubPlan[](0)).length == 0);
    }

    // --- the same rules ---

    function testOnlyOperatorsRunBatches() public {
        try executor.executeBatch(new KeeperExecutor.SubPlan[](0)) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == Roles.NotOperator.selector);
        }
    }

    function testNobodyButTheExecutorRunsASubPlan() public {
        address[3] memory callers = [address(this), OPERATOR, TREASURY];
        for (uint256 i = 0; i < callers.length; ++i) {
            VM.prank(callers[i]);
            try executor.executeSubPlan(_trade(1, 1)) {
                assert(false);
            } catch (bytes memory reason) {
                assert(bytes4(reason) == KeeperExecutor.NotItself.selector);
            }
        }
    }

    function testNoRuleCanNameTheExecutor() public {
        CallRules.Rule[] memory rules = new CallRules.Rule[](1);
        rules[0] = CallRules.Rule(address(executor), KeeperExecutor.executeSubPlan.selector, NO_FEE, new bytes32[][](5));
        (bool success, bytes memory reason) = address(executor).call(abi.encodeCall(KeeperExecutor.setVenue, (VENUE, valuer, rules)));
        assert(!success && bytes4(reason) == CallRules.RuleInvalid.selector);
    }

    function testABatchCannotBeReentered() public {
        executor.setOperator(address(venue), true);
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](4);
        plans[0] = _plan(_call(abi.encodeCall(ToyVenue.enter, (executor, VENUE))), 0);
        plans[1] = _plan(_call(abi.encodeCall(ToyVenue.enterBatch, (executor, VENUE))), 0);
        plans[2] = _plan(_call(abi.encodeCall(ToyVenue.enterSubPlan, (executor, VENUE))), 0);
        plans[3] = _trade(1, 1);
        KeeperExecutor.Result[] memory results = _execute(plans);
        assert(bytes4(results[0].reason) == KeeperExecutor.Reentered.selector);
        assert(bytes4(results[1].reason) == KeeperExecutor.Reentered.selector);
        assert(bytes4(results[2].reason) == KeeperExecutor.NotItself.selector);
        assert(results[3].succeeded);
    }

    function testTargetsAreCheckedPlanByPlan() public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](3);
        plans[0] = _plan(_call(abi.encodeCall(ToyVenue.withdrawTo, (address(token), OPERATOR, 1))), type(int256).min);
        plans[1] = _plan(KeeperExecutor.Call(address(token), 0, abi.encodeCall(TestToken.transfer, (OPERATOR, 1)), false), type(int256).min);
        plans[2] = _trade(1, 1);
        plans[2].venue = "other";
        KeeperExecutor.Result[] memory results = _execute(plans);
        assert(bytes4(results[0].reason) == CallRules.NotAllowed.selector && bytes4(results[1].reason) == CallRules.NotAllowed.selector);
        assert(bytes4(results[2].reason) == KeeperExecutor.UnknownVenue.selector);
        assert(token.balanceOf(OPERATOR) == 0);
    }

    function testLossesAddUpOverABatch() public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](4);
        plans[0] = _trade(-600, -600);
        plans[1] = _trade(-401, -401);
        plans[2] = _trade(900, 900);
        plans[3] = _trade(-400, -400);
        KeeperExecutor.Result[] memory results = _execute(plans);
        assert(results[0].succeeded && !results[1].succeeded && results[2].succeeded && results[3].succeeded);
        assert(bytes4(results[1].reason) == LossBudget.OverBudget.selector);
        assert(executor.spentToday() == BUDGET && executor.budgetLeft() == 0);
    }

    function testFuzzABatchLosesAsMuchAsItsPlansOneByOne(int16[6] calldata changes) public {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](changes.length);
        uint256 lost;
        bool[6] memory allowed;
        for (uint256 i = 0; i < changes.length; ++i) {
            int256 change = int256(changes[i]) % 700;
            plans[i] = _trade(change, type(int256).min);
            uint256 loss = change < 0 ? uint256(-change) : 0;
            allowed[i] = loss == 0 || lost + loss <= BUDGET;
            lost += allowed[i] ? loss : 0;
        }
        KeeperExecutor.Result[] memory results = _execute(plans);
        for (uint256 i = 0; i < changes.length; ++i) assert(results[i].succeeded == allowed[i]);
        assert(executor.spentToday() == lost && lost <= BUDGET);
    }

    // --- in short ---

    /// @dev It was begun, and its target left it no more than the 64th part that EIP-150 holds back.
    function _burnt(KeeperExecutor.Result memory result, uint256 gas_) private pure returns (bool) {
        return result.reason.length == 0 && result.gasUsed * 64 > gas_ * 62 && result.gasUsed < gas_ + 10_000;
    }

    function _execute(KeeperExecutor.SubPlan[] memory plans) private returns (KeeperExecutor.Result[] memory) {
        VM.prank(OPERATOR);
        return executor.executeBatch(plans);
    }

    function _trade(int256 change, int256 least) private view returns (KeeperExecutor.SubPlan memory) {
        return _plan(_call(abi.encodeCall(ToyVenue.liquidate, (VICTIM, MARKET, change, 0))), least);
    }

    function _plan(KeeperExecutor.Call memory item, int256 least) private pure returns (KeeperExecutor.SubPlan memory plan) {
        plan = KeeperExecutor.SubPlan(VENUE, new KeeperExecutor.Call[](1), least, GAS);
        plan.calls[0] = item;
    }

    function _call(bytes memory data) private view returns (KeeperExecutor.Call memory) {
        return KeeperExecutor.Call(address(venue), 0, data, false);
    }
}
