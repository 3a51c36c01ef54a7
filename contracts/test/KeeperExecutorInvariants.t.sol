// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CallRules} from "../src/CallRules.sol";
import {KeeperExecutor} from "../src/KeeperExecutor.sol";
import {Roles} from "../src/Roles.sol";
import {TestToken} from "../src/TestToken.sol";
import {Desk, ToyValuer, ToyVenue} from "./ToyVenue.sol";
import {VM} from "./Vm.sol";

/// @dev Has the operator's key and does with it whatever the runner draws, in whatever order; prices move meanwhile.
contract Thief {
    bytes32 private constant VENUE = "toy";
    address private constant VICTIM = address(0xdead);
    KeeperExecutor private immutable _executor;
    ToyVenue private immutable _venue;
    ToyValuer private immutable _valuer;
    TestToken private immutable _token;
    address private immutable _operator;
    address private immutable _market;

    /// @notice What the executor's worth fell by, plan by plan and between them, on a day of the chain.
    mapping(uint256 day => uint256 loss) public lost;
    uint256 private _drifted;

    constructor(KeeperExecutor executor, ToyVenue venue, ToyValuer valuer, address operator, address market) {
        (_executor, _venue, _valuer, _operator, _market) = (executor, venue, valuer, operator, market);
        _token = venue.token();
    }

    function trade(int64 change, uint64 left) external {
        _plan(address(_venue), abi.encodeCall(ToyVenue.liquidate, (VICTIM, _market, change % 700, left % 700)));
    }

    /// @dev Gain and loss in one plan, so that the one hides the other.
    function combine(int64 change, uint64 left, uint64 size, uint64 cost) external {
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](3);
        uint256 opened = left % 3_000;
        calls[0] = _call(address(_venue), abi.encodeCall(ToyVenue.liquidate, (VICTIM, _market, change % 3_000, opened)));
        uint256 part = _bounded(size, opened);
        calls[1] = _call(address(_venue), abi.encodeCall(ToyVenue.close, (_market, part, _bounded(cost, part))));
        calls[2] = _call(address(_venue), abi.encodeCall(ToyVenue.withdraw, (address(_token), size)));
        calls[2].mayFail = true;
        _plan(calls);
    }

    /// @dev The same in one transaction: several plans that hide nothing of each other, one of which may fail.
    function batch(int64[4] calldata changes, uint64[4] calldata lefts, bytes calldata data) external {
        KeeperExecutor.SubPlan[] memory plans = new KeeperExecutor.SubPlan[](5);
        for (uint256 i = 0; i < 4; ++i) {
            plans[i] = _subPlan(_call(address(_venue), abi.encodeCall(ToyVenue.liquidate, (VICTIM, _market, changes[i] % 700, lefts[i] % 700))));
        }
        plans[4] = _subPlan(_call(address(_token), data));
        VM.prank(_operator);
        KeeperExecutor.Result[] memory results = _executor.executeBatch(plans);
        for (uint256 i = 0; i < results.length; ++i) {
            if (results[i].succeeded) _note(results[i].change);
        }
    }

    function close(uint64 size, uint64 cost) external {
        uint256 part = _bounded(size, _venue.exposure(address(_executor)));
        _plan(address(_venue), abi.encodeCall(ToyVenue.close, (_market, part, _bounded(cost, part))));
    }

    function withdraw(uint64 amount) external {
        _plan(address(_venue), abi.encodeCall(ToyVenue.withdraw, (address(_token), amount)));
    }

    function deposit(uint64 amount) external {
        _plan(address(_token), abi.encodeCall(TestToken.approve, (address(_venue), amount)));
        _plan(address(_venue), abi.encodeCall(ToyVenue.deposit, (address(_token), amount)));
    }

    function take(uint64 amount) external {
        _plan(address(_token), abi.encodeCall(TestToken.transfer, (address(this), amount)));
        _plan(address(_token), abi.encodeCall(TestToken.approve, (address(this), amount)));
        _plan(address(_venue), abi.encodeCall(ToyVenue.withdrawTo, (address(_token), address(this), amount)));
        _plan(address(_venue), abi.encodeCall(ToyVenue.liquidate, (address(_executor), _market, -1, 0)));
        try _token.transferFrom(address(_executor), address(this), amount) {} catch {}
    }

    function grasp(uint64 amount) external {
        _asOperator(abi.encodeCall(KeeperExecutor.sweep, (address(_token), amount)));
        _asOperator(abi.encodeCall(KeeperExecutor.setBudget, (type(uint256).max)));
        _asOperator(abi.encodeCall(Roles.setTreasury, (address(this))));
        _asOperator(abi.encodeCall(Roles.transferOwnership, (address(this))));
        _asOperator(abi.encodeCall(Roles.setOperator, (address(this), true)));
        _asOperator(abi.encodeCall(KeeperExecutor.setVenue, (VENUE, _valuer, new CallRules.Rule[](0))));
        bytes memory data = abi.encodeCall(TestToken.transfer, (address(this), amount));
        _asOperator(abi.encodeCall(KeeperExecutor.executeSubPlan, (_subPlan(_call(address(_token), data)))));
    }

    /// @dev What is carried loses value while nobody calls; it is charged with the next plan.
    function moveThePrice(uint64 loss) external {
        uint256 part = _bounded(loss, _venue.exposure(address(_executor)));
        _venue.drift(address(_executor), part);
        _drifted += part;
    }

    function wait(uint32 time) external {
        VM.warp(block.timestamp + (time % 30 hours));
    }

    function rob(bytes calldata data) external {
        _plan(address(_token), data);
        _plan(address(_venue), data);
    }

    function _plan(address target, bytes memory data) private {
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](1);
        calls[0] = _call(target, data);
        _plan(calls);
    }

    function _plan(KeeperExecutor.Call[] memory calls) private {
        (int256 before, , ) = _valuer.valuation(address(_executor));
        if (!_asOperator(abi.encodeCall(KeeperExecutor.execute, (VENUE, calls, type(int256).min)))) return;
        (int256 afterwards, , ) = _valuer.valuation(address(_executor));
        _note(afterwards - before);
    }

    function _note(int256 change) private {
        lost[block.timestamp / 1 days] += _drifted + (change < 0 ? uint256(-change) : 0);
        _drifted = 0;
    }

    function _subPlan(KeeperExecutor.Call memory item) private pure returns (KeeperExecutor.SubPlan memory plan) {
        plan = KeeperExecutor.SubPlan(VENUE, new KeeperExecutor.Call[](1), type(int256).min, 500_000);
        plan.calls[0] = item;
    }

    function _asOperator(bytes memory data) private returns (bool success) {
        VM.prank(_operator);
        (success, ) = address(_executor).call(data);
    }

    function _call(address target, bytes memory data) private pure returns (KeeperExecutor.Call memory) {
        return KeeperExecutor.Call(target, 0, data, false);
    }

    function _bounded(uint256 value, uint256 most) private pure returns (uint256) {
        return value % (most + 1);
    }
}

contract KeeperExecutorInvariantsTest is Desk {
    Thief private thief;

    function setUp() public {
        _open();
        VM.warp(1_700_000_000);
        thief = new Thief(executor, venue, valuer, OPERATOR, MARKET);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(thief);
    }

    function invariantTokensNeverLeave() public view {
        uint256 here = token.balanceOf(address(executor)) + token.balanceOf(address(venue)) + token.balanceOf(TREASURY);
        assert(here == token.totalSupply() && token.balanceOf(TREASURY) == 0);
        assert(token.allowance(address(executor), address(thief)) == 0 && token.allowance(address(executor), OPERATOR) == 0);
    }

    function invariantADayLosesNoMoreThanItsBudget() public view {
        assert(thief.lost(block.timestamp / 1 days) <= BUDGET);
        assert(executor.spentToday() + executor.carriedInTotal() <= BUDGET);
    }

    function invariantRolesStay() public view {
        assert(executor.owner() == address(this) && executor.treasury() == TREASURY && executor.pendingOwner() == address(0));
        assert(executor.budgetPerDay() == BUDGET && !executor.isOperator(address(thief)));
    }
}
