// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CallRules} from "../src/CallRules.sol";
import {IValuer} from "../src/IValuer.sol";
import {KeeperExecutor} from "../src/KeeperExecutor.sol";
import {LossBudget} from "../src/LossBudget.sol";
import {Roles} from "../src/Roles.sol";
import {TestToken} from "../src/TestToken.sol";
import {Desk, ToyVenue} from "./ToyVenue.sol";
import {VM} from "./Vm.sol";

/// @dev Like some tokens on mainnet: transfer returns nothing.
contract SilentToken {
    mapping(address => uint256) public balanceOf;

    function give(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }
}

contract KeeperExecutorTest is Desk {
    address private constant VICTIM = address(0xdead);

    function setUp() public {
        _open();
    }

    // --- plans ---

    function testReturnsTheChangeAndTheFlags() public {
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](3);
        calls[0] = _liquidate(5, 0);
        calls[1] = _refusal(ToyVenue.refuse.selector, true);
        calls[2] = _liquidate(-2, 0);
        VM.prank(OPERATOR);
        (int256 change, bool[] memory succeeded) = executor.execute(VENUE, calls, 3);
        assert(change == 3 && succeeded[0] && !succeeded[1] && succeeded[2]);
    }

    function testRevertsBelowTheLeastChange() public {
        bytes memory reason = _refused(_one(_liquidate(5, 0)), 6);
        assert(keccak256(reason) == keccak256(abi.encodeWithSelector(KeeperExecutor.ProfitTooLow.selector, 5, 6)));
        assert(venue.equity(address(executor)) == int256(MARGIN));
    }

    function testMovingMarginToTheWalletAndBackIsNoChange() public {
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](2);
        calls[0] = _call(address(venue), abi.encodeCall(ToyVenue.withdraw, (address(token), 500)));
        calls[1] = _call(address(token), abi.encodeCall(TestToken.approve, (address(venue), 100)));
        assert(_change(calls, 0) == 0 && token.balanceOf(address(executor)) == 500);
        assert(_change(_one(_call(address(venue), abi.encodeCall(ToyVenue.deposit, (address(token), 100)))), 0) == 0);
    }

    function testBubblesTheCalleesRevertUnchanged() public {
        bytes memory reason = _refused(_one(_refusal(ToyVenue.refuse.selector, false)), 0);
        assert(keccak256(reason) == keccak256(abi.encodeWithSelector(ToyVenue.Refused.selector, 42)));
        reason = _refused(_one(_refusal(ToyVenue.refuseInWords.selector, false)), 0);
        assert(keccak256(reason) == keccak256(abi.encodeWithSignature("Error(string)", "CH_EAV")));
        assert(_refused(_one(_refusal(ToyVenue.refuseSilently.selector, false)), 0).length == 0);
    }

    function testCannotBeReentered() public {
        executor.setOperator(address(venue), true);
        bytes memory data = abi.encodeCall(ToyVenue.enter, (executor, VENUE));
        assert(bytes4(_refused(_one(_call(address(venue), data)), 0)) == KeeperExecutor.Reentered.selector);
        assert(_change(_one(_liquidate(1, 0)), 1) == 1);
    }

    function testAVenueNobodySetUpIsRefused() public {
        VM.prank(OPERATOR);
        try executor.execute("other", new KeeperExecutor.Call[](0), 0) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == KeeperExecutor.UnknownVenue.selector);
        }
    }

    // --- which calls ---

    function testAFunctionWithoutARuleIsRefused() public {
        bytes memory data = abi.encodeCall(ToyVenue.withdrawTo, (address(token), OPERATOR, 1));
        assert(bytes4(_refused(_one(_call(address(venue), data)), 0)) == CallRules.NotAllowed.selector);
        data = abi.encodeCall(TestToken.transfer, (OPERATOR, 1));
        assert(bytes4(_refused(_one(_call(address(token), data)), 0)) == CallRules.NotAllowed.selector);
        assert(bytes4(_refused(_one(_call(address(venue), "")), 0)) == CallRules.NotAllowed.selector);
    }

    function testAnArgumentThatIsNotListedIsRefused() public {
        bytes memory data = abi.encodeCall(TestToken.approve, (OPERATOR, 1));
        assert(bytes4(_refused(_one(_call(address(token), data)), 0)) == CallRules.ArgumentRefused.selector);
        data = abi.encodeCall(ToyVenue.liquidate, (VICTIM, address(0x2222), 1, 0));
        assert(bytes4(_refused(_one(_call(address(venue), data)), 0)) == CallRules.ArgumentRefused.selector);
    }

    function testTheExecutorItselfIsNobodysVictim() public {
        bytes memory data = abi.encodeCall(ToyVenue.liquidate, (address(executor), MARKET, 1, 0));
        assert(bytes4(_refused(_one(_call(address(venue), data)), 0)) == CallRules.ArgumentRefused.selector);
        // Dirty upper bytes, which a careless callee would cut off.
        bytes32 dirty = bytes32(uint256(uint160(address(executor))) | (uint256(1) << 200));
        data = abi.encodeWithSelector(ToyVenue.liquidate.selector, dirty, MARKET, 1, 0);
        assert(bytes4(_refused(_one(_call(address(venue), data)), 0)) == CallRules.ArgumentRefused.selector);
    }

    function testTheLengthIsExact() public {
        bytes memory data = abi.encodeCall(ToyVenue.liquidate, (VICTIM, MARKET, 1, 0));
        assert(bytes4(_refused(_one(_call(address(venue), bytes.concat(data, hex"00"))), 0)) == CallRules.WrongLength.selector);
        assert(bytes4(_refused(_one(_call(address(venue), abi.encodePacked(bytes4(data)))), 0)) == CallRules.WrongLength.selector);
    }

    function testFuzzNothingButTheRulesPasses(address target, bytes calldata data) public {
        bytes4 selector = bytes4(data);
        VM.assume(target != address(venue) || selector != ToyVenue.update.selector);
        if (target == address(venue) || target == address(token)) VM.assume(data.length < 32);
        bytes4 reason = bytes4(_refused(_one(_call(target, data)), 0));
        assert(reason == CallRules.NotAllowed.selector || reason == CallRules.WrongLength.selector);
    }

    function testFuzzAReceiverIsNeverFree(address spender, uint256 amount) public {
        VM.assume(spender != address(venue));
        bytes memory data = abi.encodeCall(TestToken.approve, (spender, amount));
        assert(bytes4(_refused(_one(_call(address(token), data)), 0)) == CallRules.ArgumentRefused.selector);
        assert(token.allowance(address(executor), spender) == 0);
    }

    // --- native coin ---

    function testValueGoesToTheOracleAndIsNoMoreThanItQuotes() public {
        VM.deal(address(executor), 100);
        bytes memory data = abi.encodeCall(ToyVenue.update, (new bytes[](2)));
        KeeperExecutor.Call memory item = KeeperExecutor.Call(address(venue), 15, data, false);
        assert(bytes4(_refused(_one(item), 0)) == CallRules.ValueRefused.selector);
        item.value = 14;
        _change(_one(item), 0);
        assert(address(venue).balance == 14);
        item = _liquidate(1, 0);
        item.value = 1;
        assert(bytes4(_refused(_one(item), 0)) == CallRules.ValueRefused.selector);
    }

    // --- the budget ---

    function testLossesAddUpOverTheDayAndTheOperators() public {
        address second = address(0xf00d);
        executor.setOperator(second, true);
        assert(_change(_one(_liquidate(-600, 0)), -600) == -600);
        assert(executor.spentToday() == 600 && executor.budgetLeft() == 400);
        VM.prank(second);
        try executor.execute(VENUE, _one(_liquidate(-401, 0)), -401) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == LossBudget.OverBudget.selector);
        }
        _change(_one(_liquidate(900, 0)), 900);
        assert(executor.budgetLeft() == 400);
        assert(_change(_one(_liquidate(-400, 0)), -400) == -400);
        assert(_change(_one(_liquidate(1, 0)), 1) == 1);
        VM.warp(block.timestamp + 1 days);
        assert(executor.budgetLeft() == BUDGET && executor.spentToday() == 0);
    }

    function testLossesAddUpOverTheVenues() public {
        bytes32 other = "other";
        executor.setVenue(other, valuer, _rules());
        _change(_one(_liquidate(-300, 300)), -300);
        VM.prank(OPERATOR);
        executor.execute(other, _one(_liquidate(-100, 0)), -100);
        assert(executor.spentToday() == 400);
        VM.prank(OPERATOR);
        try executor.execute(other, _one(_liquidate(-301, 0)), -301) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == LossBudget.OverBudget.selector);
        }
    }

    function testWhatIsCarriedCountsInFull() public {
        assert(bytes4(_refused(_one(_liquidate(0, 1_001)), 0)) == LossBudget.OverBudget.selector);
        _change(_one(_liquidate(0, 700)), 0);
        assert(executor.budgetLeft() == 300);
        assert(bytes4(_refused(_one(_liquidate(-301, 0)), -301)) == LossBudget.OverBudget.selector);
        _change(_one(_close(700, 20)), -20);
        assert(executor.budgetLeft() == 980);
    }

    function testWhatACarriedPositionLosesBetweenPlansIsCharged() public {
        _change(_one(_liquidate(0, 900)), 0);
        venue.drift(address(executor), 800);
        _change(new KeeperExecutor.Call[](0), 0);
        assert(executor.spentToday() == 800 && executor.budgetLeft() == 100);
        // Charged once.
        _change(new KeeperExecutor.Call[](0), 0);
        assert(executor.spentToday() == 800);
    }

    function testAPositionCanAlwaysBeClosed() public {
        _change(_one(_liquidate(0, 900)), 0);
        executor.setBudget(0);
        assert(bytes4(_refused(_one(_liquidate(0, 1)), 0)) == LossBudget.OverBudget.selector);
        _change(_one(_close(900, 50)), -50);
        assert(executor.spentToday() == 50);
    }

    function testWithoutABudgetOnlyGainsPass() public {
        executor.setBudget(0);
        assert(bytes4(_refused(_one(_liquidate(-1, 0)), -1)) == LossBudget.OverBudget.selector);
        assert(_change(_one(_liquidate(1, 0)), 1) == 1);
    }

    // --- who ---

    function testOnlyOperatorsExecute() public {
        try executor.execute(VENUE, new KeeperExecutor.Call[](0), 0) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == Roles.NotOperator.selector);
        }
        executor.setOperator(OPERATOR, false);
        assert(bytes4(_refused(new KeeperExecutor.Call[](0), 0)) == Roles.NotOperator.selector);
    }

    function testOwnerOperatorAndTreasuryAreDifferent() public {
        _rejects(abi.encodeCall(Roles.setOperator, (address(this), true)));
        _rejects(abi.encodeCall(Roles.setOperator, (TREASURY, true)));
        _rejects(abi.encodeCall(Roles.setOperator, (address(0), true)));
        _rejects(abi.encodeCall(Roles.transferOwnership, (OPERATOR)));
        _rejects(abi.encodeCall(Roles.setTreasury, (OPERATOR)));
        _rejects(abi.encodeCall(Roles.setTreasury, (address(0))));
        _rejects(abi.encodeCall(Roles.setTreasury, (address(executor))));
        executor.transferOwnership(VICTIM);
        _rejects(abi.encodeCall(Roles.setOperator, (VICTIM, true)));
    }

    function testFuzzAnOperatorCanDoNothingElse(uint256 amount, address other) public {
        bytes[] memory attempts = new bytes[](8);
        attempts[0] = abi.encodeCall(KeeperExecutor.sweep, (address(token), amount));
        attempts[1] = abi.encodeCall(KeeperExecutor.recover, (VENUE, new KeeperExecutor.Call[](0)));
        attempts[2] = abi.encodeCall(KeeperExecutor.setVenue, (VENUE, valuer, new CallRules.Rule[](0)));
        attempts[3] = abi.encodeCall(KeeperExecutor.setBudget, (amount));
        attempts[4] = abi.encodeCall(Roles.setOperator, (other, true));
        attempts[5] = abi.encodeCall(Roles.setTreasury, (other));
        attempts[6] = abi.encodeCall(Roles.transferOwnership, (other));
        attempts[7] = abi.encodeCall(Roles.acceptOwnership, ());
        for (uint256 i = 0; i < attempts.length; ++i) {
            VM.prank(OPERATOR);
            (bool success, bytes memory reason) = address(executor).call(attempts[i]);
            assert(!success && (bytes4(reason) == Roles.NotOwner.selector || bytes4(reason) == Roles.NotPendingOwner.selector));
        }
    }

    function testTheOwnerChangesInTwoSteps() public {
        executor.transferOwnership(VICTIM);
        assert(executor.owner() == address(this));
        VM.prank(VICTIM);
        executor.acceptOwnership();
        assert(executor.owner() == VICTIM && executor.pendingOwner() == address(0));
        try executor.acceptOwnership() {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == Roles.NotPendingOwner.selector);
        }
    }

    // --- the owner's hand ---

    function testTokensLeaveToTheTreasury() public {
        executor.recover(VENUE, _one(_call(address(venue), abi.encodeCall(ToyVenue.withdraw, (address(token), MARGIN)))));
        executor.sweep(address(token), MARGIN);
        SilentToken silent = new SilentToken();
        silent.give(address(executor), 3);
        executor.sweep(address(silent), 3);
        VM.deal(address(executor), 5);
        executor.sweep(address(0), 5);
        assert(token.balanceOf(TREASURY) == MARGIN && silent.balanceOf(TREASURY) == 3 && TREASURY.balance == 5);
    }

    function testASweepThatFailsReverts() public {
        address[3] memory tokens = [address(token), address(0), address(0xabc)];
        for (uint256 i = 0; i < tokens.length; ++i) {
            try executor.sweep(tokens[i], MARGIN) {
                assert(false);
            } catch (bytes memory reason) {
                assert(bytes4(reason) == KeeperExecutor.TransferFailed.selector);
            }
        }
    }

    function testRecoveringIsBoundByTheRulesToo() public {
        bytes memory data = abi.encodeCall(ToyVenue.withdrawTo, (address(token), address(this), 1));
        try executor.recover(VENUE, _one(_call(address(venue), data))) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == CallRules.NotAllowed.selector);
        }
    }

    function testRecoveringNeedsNoValuerAndForgetsWhatWasCarried() public {
        _change(_one(_liquidate(0, 500)), 0);
        executor.recover(VENUE, _one(_close(500, 100)));
        assert(executor.carriedInTotal() == 0 && executor.spentToday() == 0);
        executor.setVenue(VENUE, IValuer(address(0)), _rules());
        executor.recover(VENUE, _one(_call(address(venue), abi.encodeCall(ToyVenue.withdraw, (address(token), 1)))));
    }

    function testANewListReplacesTheOld() public {
        CallRules.Rule[] memory rules = new CallRules.Rule[](1);
        rules[0] = _rule(address(venue), ToyVenue.withdraw.selector, 2, 0, address(token));
        executor.setVenue(VENUE, valuer, rules);
        assert(bytes4(_refused(_one(_liquidate(1, 0)), 0)) == CallRules.NotAllowed.selector);
        (, , bytes32 rulesHash) = executor.venues(VENUE);
        assert(rulesHash == keccak256(abi.encode(rules)));
    }

    function testARuleMustMakeSense() public {
        CallRules.Rule[] memory rules = new CallRules.Rule[](1);
        rules[0] = _rule(address(0xabc), ToyVenue.withdraw.selector, 2, 0, address(token));
        _rejectsRules(rules);
        rules[0] = _rule(address(executor), KeeperExecutor.setBudget.selector, 1, 0, address(token));
        _rejectsRules(rules);
        rules[0] = _free(ToyVenue.refuse.selector, 0);
        _rejectsRules(rules);
        rules = new CallRules.Rule[](2);
        rules[0] = _free(ToyVenue.refuse.selector, 1);
        rules[1] = _free(ToyVenue.refuse.selector, 2);
        _rejectsRules(rules);
    }

    // --- in short ---

    function _rejectsRules(CallRules.Rule[] memory rules) private {
        (bool success, bytes memory reason) = address(executor).call(abi.encodeCall(KeeperExecutor.setVenue, (VENUE, valuer, rules)));
        assert(!success && bytes4(reason) == CallRules.RuleInvalid.selector);
    }

    function _rejects(bytes memory data) private {
        (bool success, bytes memory reason) = address(executor).call(data);
        assert(!success && bytes4(reason) == Roles.RoleRefused.selector);
    }

    function _change(KeeperExecutor.Call[] memory calls, int256 least) private returns (int256 change) {
        VM.prank(OPERATOR);
        (change, ) = executor.execute(VENUE, calls, least);
    }

    function _refused(KeeperExecutor.Call[] memory calls, int256 least) private returns (bytes memory) {
        VM.prank(OPERATOR);
        (bool success, bytes memory reason) = address(executor).call(abi.encodeCall(KeeperExecutor.execute, (VENUE, calls, least)));
        assert(!success);
        return reason;
    }

    function _liquidate(int256 change, uint256 left) private view returns (KeeperExecutor.Call memory) {
        return _call(address(venue), abi.encodeCall(ToyVenue.liquidate, (VICTIM, MARKET, change, left)));
    }

    function _close(uint256 size, uint256 cost) private view returns (KeeperExecutor.Call memory) {
        return _call(address(venue), abi.encodeCall(ToyVenue.close, (MARKET, size, cost)));
    }

    function _refusal(bytes4 selector, bool mayFail) private view returns (KeeperExecutor.Call memory) {
        return KeeperExecutor.Call(address(venue), 0, abi.encodeWithSelector(selector, 42), mayFail);
    }

    function _call(address target, bytes memory data) private pure returns (KeeperExecutor.Call memory) {
        return KeeperExecutor.Call(target, 0, data, false);
    }

    function _one(KeeperExecutor.Call memory item) private pure returns (KeeperExecutor.Call[] memory calls) {
        calls = new KeeperExecutor.Call[](1);
        calls[0] = item;
    }
}
