// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {KeeperExecutor} from "../src/KeeperExecutor.sol";
import {TestToken} from "../src/TestToken.sol";

/// @dev A venue with one number as its account value.
contract Ledger {
    int256 public value;

    error Refused(uint256 code);

    function add(int256 amount) external {
        value += amount;
    }

    function refuse(uint256 code) external pure {
        revert Refused(code);
    }

    function refuseInWords() external pure {
        revert("CH_EAV");
    }

    function refuseSilently() external pure {
        assembly {
            revert(0, 0)
        }
    }

    function short() external pure {
        assembly {
            return(0, 31)
        }
    }
}

/// @dev Calls back into the executor that calls it.
contract Intruder {
    function enter(KeeperExecutor executor, KeeperExecutor.Guard calldata guard) external {
        executor.execute(new KeeperExecutor.Call[](0), guard);
    }
}

/// @dev Like some tokens on mainnet: approve and transfer return nothing.
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

/// @dev Somebody else than the test contract.
contract Person {
    function execute(KeeperExecutor executor, KeeperExecutor.Call[] calldata calls, KeeperExecutor.Guard calldata guard) external {
        executor.execute(calls, guard);
    }

    function accept(KeeperExecutor executor) external {
        executor.acceptOwnership();
    }

    function sweep(KeeperExecutor executor, address token) external {
        executor.sweep(token, address(this), 1);
    }
}

contract KeeperExecutorTest {
    KeeperExecutor private executor;
    Ledger private ledger;
    Person private person;

    function setUp() public {
        executor = new KeeperExecutor(address(this));
        ledger = new Ledger();
        person = new Person();
    }

    function testReturnsTheChangeAndTheFlags() public {
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](3);
        calls[0] = _add(5);
        calls[1] = _failing(true);
        calls[2] = _add(-2);
        (int256 change, bool[] memory succeeded) = executor.execute(calls, _guard(3));
        assert(change == 3 && ledger.value() == 3);
        assert(succeeded[0] && !succeeded[1] && succeeded[2]);
    }

    function testRevertsBelowTheLeastChange() public {
        (bool success, bytes memory reason) = _try(_one(_add(5)), _guard(6));
        assert(!success);
        assert(keccak256(reason) == keccak256(abi.encodeWithSelector(KeeperExecutor.ProfitTooLow.selector, 5, 6)));
        assert(ledger.value() == 0);
    }

    function testALossPassesIfTheGuardAllowsIt() public {
        (int256 change, ) = executor.execute(_one(_add(-7)), _guard(-7));
        assert(change == -7);
    }

    function testBubblesTheCalleesRevertUnchanged() public {
        (, bytes memory reason) = _try(_one(_failing(false)), _guard(0));
        assert(keccak256(reason) == keccak256(abi.encodeWithSelector(Ledger.Refused.selector, 42)));
        (, reason) = _try(_one(_call(abi.encodeCall(Ledger.refuseInWords, ()))), _guard(0));
        assert(keccak256(reason) == keccak256(abi.encodeWithSignature("Error(string)", "CH_EAV")));
        bool success;
        (success, reason) = _try(_one(_call(abi.encodeCall(Ledger.refuseSilently, ()))), _guard(0));
        assert(!success && reason.length == 0);
    }

    function testAnAddressWithoutCodeIsNotASuccess() public {
        KeeperExecutor.Call memory item = KeeperExecutor.Call(address(0xdead), "", true);
        (bool success, bytes memory reason) = _try(_one(item), _guard(0));
        assert(!success && bytes4(reason) == KeeperExecutor.NoCode.selector);
    }

    function testAGuardThatAnswersTooLittleReverts() public {
        KeeperExecutor.Guard memory guard = KeeperExecutor.Guard(address(ledger), abi.encodeCall(Ledger.short, ()), 0);
        (bool success, bytes memory reason) = _try(_one(_add(1)), guard);
        assert(!success && bytes4(reason) == KeeperExecutor.GuardFailed.selector);
    }

    function testOnlyOwnerAndOperatorsExecute() public {
        assert(!_personMayExecute());
        executor.setOperator(address(person), true);
        assert(_personMayExecute());
        executor.setOperator(address(person), false);
        assert(!_personMayExecute());
    }

    function testAnOperatorCannotTakeTokens() public {
        TestToken token = new TestToken("T", "T", 6);
        token.mint(address(executor), 10);
        executor.setOperator(address(person), true);
        try person.sweep(executor, address(token)) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == KeeperExecutor.NotOwner.selector);
        }
    }

    function testCannotBeReentered() public {
        Intruder intruder = new Intruder();
        executor.setOperator(address(intruder), true);
        bytes memory data = abi.encodeCall(Intruder.enter, (executor, _guard(0)));
        (bool success, bytes memory reason) = _try(_one(KeeperExecutor.Call(address(intruder), data, false)), _guard(0));
        assert(!success && bytes4(reason) == KeeperExecutor.Reentered.selector);
        (int256 change, ) = executor.execute(_one(_add(1)), _guard(1));
        assert(change == 1);
    }

    function testApprovesAndSweeps() public {
        TestToken token = new TestToken("T", "T", 6);
        token.mint(address(executor), 10);
        executor.approve(address(token), address(this), 4);
        token.transferFrom(address(executor), address(this), 4);
        executor.sweep(address(token), address(person), 6);
        assert(token.balanceOf(address(this)) == 4 && token.balanceOf(address(person)) == 6);
    }

    function testSweepsATokenThatReturnsNothing() public {
        SilentToken token = new SilentToken();
        token.give(address(executor), 3);
        executor.sweep(address(token), address(this), 3);
        assert(token.balanceOf(address(this)) == 3);
    }

    function testASweepThatFailsReverts() public {
        TestToken token = new TestToken("T", "T", 6);
        try executor.sweep(address(token), address(this), 1) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == KeeperExecutor.TokenCallFailed.selector);
        }
    }

    function testTheOwnerChangesInTwoSteps() public {
        executor.transferOwnership(address(person));
        assert(executor.owner() == address(this));
        person.accept(executor);
        assert(executor.owner() == address(person) && executor.pendingOwner() == address(0));
        try executor.transferOwnership(address(this)) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == KeeperExecutor.NotOwner.selector);
        }
    }

    function testNobodyElseAccepts() public {
        executor.transferOwnership(address(0xbeef));
        try person.accept(executor) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == KeeperExecutor.NotPendingOwner.selector);
        }
    }

    function _personMayExecute() private returns (bool) {
        try person.execute(executor, new KeeperExecutor.Call[](0), _guard(0)) {
            return true;
        } catch (bytes memory reason) {
            assert(bytes4(reason) == KeeperExecutor.NotOperator.selector);
            return false;
        }
    }

    function _try(KeeperExecutor.Call[] memory calls, KeeperExecutor.Guard memory guard) private returns (bool, bytes memory) {
        return address(executor).call(abi.encodeCall(KeeperExecutor.execute, (calls, guard)));
    }

    function _guard(int256 minChange) private view returns (KeeperExecutor.Guard memory) {
        return KeeperExecutor.Guard(address(ledger), abi.encodeCall(ledger.value, ()), minChange);
    }

    function _add(int256 amount) private view returns (KeeperExecutor.Call memory) {
        return _call(abi.encodeCall(Ledger.add, (amount)));
    }

    function _failing(bool mayFail) private view returns (KeeperExecutor.Call memory) {
        return KeeperExecutor.Call(address(ledger), abi.encodeCall(Ledger.refuse, (42)), mayFail);
    }

    function _call(bytes memory data) private view returns (KeeperExecutor.Call memory) {
        return KeeperExecutor.Call(address(ledger), data, false);
    }

    function _one(KeeperExecutor.Call memory item) private pure returns (KeeperExecutor.Call[] memory calls) {
        calls = new KeeperExecutor.Call[](1);
        calls[0] = item;
    }
}
