// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CallRules} from "../src/CallRules.sol";
import {IValuer} from "../src/IValuer.sol";
import {KeeperExecutor} from "../src/KeeperExecutor.sol";
import {TestToken} from "../src/TestToken.sol";

/// @dev A venue with margin in one token, gains and losses at will, positions that are carried, and the functions a thief
/// would like to call. It is its own oracle, with a fee.
contract ToyVenue {
    uint256 public constant FEE = 7;
    TestToken public immutable token;
    mapping(address => int256) public equity;
    mapping(address => uint256) public exposure;

    error Refused(uint256 code);

    constructor(TestToken token_) {
        token = token_;
    }

    function deposit(address token_, uint256 amount) external {
        TestToken(token_).transferFrom(msg.sender, address(this), amount);
        equity[msg.sender] += int256(amount);
    }

    function withdraw(address token_, uint256 amount) external {
        _withdraw(token_, msg.sender, amount);
    }

    function withdrawTo(address token_, address to, uint256 amount) external {
        _withdraw(token_, to, amount);
    }

    /// @dev A liquidation that brings (or costs) `change` and leaves `left` open.
    function liquidate(address, address, int256 change, uint256 left) external {
        equity[msg.sender] += change;
        exposure[msg.sender] += left;
    }

    function close(address, uint256 size, uint256 cost) external {
        exposure[msg.sender] -= size;
        equity[msg.sender] -= int256(cost);
    }

    function drift(address account, uint256 loss) external {
        equity[account] -= int256(loss);
        exposure[account] -= loss;
    }

    function update(bytes[] calldata) external payable {}

    function feeOf(bytes[] calldata updates) external pure returns (uint256) {
        return updates.length * FEE;
    }

    function refuse(uint256 code) external pure {
        revert Refused(code);
    }

    function refuseInWords(uint256) external pure {
        revert("CH_EAV");
    }

    function refuseSilently(uint256) external pure {
        assembly {
            revert(0, 0)
        }
    }

    /// @dev More than anybody wants to read.
    function refuseAtLength(uint256 size) external pure {
        assembly {
            revert(0, size)
        }
    }

    function burn(uint256) external pure {
        assembly {
            invalid()
        }
    }

    function enter(KeeperExecutor executor, bytes32 venue) external {
        executor.execute(venue, new KeeperExecutor.Call[](0), 0);
    }

    function enterBatch(KeeperExecutor executor, bytes32) external {
        executor.executeBatch(new KeeperExecutor.SubPlan[](0));
    }

    function enterSubPlan(KeeperExecutor executor, bytes32 venue) external {
        executor.executeSubPlan(KeeperExecutor.SubPlan(venue, new KeeperExecutor.Call[](0), 0, 0));
    }

    function _withdraw(address token_, address to, uint256 amount) private {
        equity[msg.sender] -= int256(amount);
        require(equity[msg.sender] >= 0, "margin");
        TestToken(token_).transfer(to, amount);
    }
}

contract ToyValuer is IValuer {
    ToyVenue private immutable _venue;

    constructor(ToyVenue venue) {
        _venue = venue;
    }

    function valuation(address account) external view returns (int256 total, int256 equity, uint256 exposure) {
        equity = _venue.equity(account);
        total = equity + int256(_venue.token().balanceOf(account));
        exposure = _venue.exposure(account);
    }
}

/// @dev An executor with margin on the toy venue, as an owner sets it up.
abstract contract Desk {
    bytes32 internal constant VENUE = "toy";
    bytes4 internal constant NO_FEE = bytes4(0);
    address internal constant OPERATOR = address(0xbeef);
    address internal constant TREASURY = address(0xcafe);
    address internal constant MARKET = address(0x1111);
    uint256 internal constant BUDGET = 1_000;
    uint256 internal constant MARGIN = 1_000_000;

    TestToken internal token;
    ToyVenue internal venue;
    ToyValuer internal valuer;
    KeeperExecutor internal executor;

    function _open() internal {
        token = new TestToken("T", "T", 18);
        venue = new ToyVenue(token);
        valuer = new ToyValuer(venue);
        executor = new KeeperExecutor(address(this), TREASURY);
        executor.setVenue(VENUE, valuer, _rules());
        executor.setBudget(BUDGET);
        executor.setOperator(OPERATOR, true);
        token.mint(address(executor), MARGIN);
        KeeperExecutor.Call[] memory calls = new KeeperExecutor.Call[](2);
        calls[0] = KeeperExecutor.Call(address(token), 0, abi.encodeCall(TestToken.approve, (address(venue), MARGIN)), false);
        calls[1] = KeeperExecutor.Call(address(venue), 0, abi.encodeCall(ToyVenue.deposit, (address(token), MARGIN)), false);
        executor.recover(VENUE, calls);
    }

    function _rules() internal view returns (CallRules.Rule[] memory rules) {
        rules = new CallRules.Rule[](14);
        rules[0] = _rule(address(token), TestToken.approve.selector, 2, 0, address(venue));
        rules[1] = _rule(address(venue), ToyVenue.deposit.selector, 2, 0, address(token));
        rules[2] = _rule(address(venue), ToyVenue.withdraw.selector, 2, 0, address(token));
        rules[3] = _rule(address(venue), ToyVenue.liquidate.selector, 4, 1, MARKET);
        rules[4] = _rule(address(venue), ToyVenue.close.selector, 3, 0, MARKET);
        rules[5] = CallRules.Rule(address(venue), ToyVenue.update.selector, ToyVenue.feeOf.selector, new bytes32[][](0));
        rules[6] = _free(ToyVenue.refuse.selector, 1);
        rules[7] = _free(ToyVenue.refuseInWords.selector, 1);
        rules[8] = _free(ToyVenue.refuseSilently.selector, 1);
        rules[9] = _rule(address(venue), ToyVenue.enter.selector, 2, 0, address(executor));
        rules[10] = _free(ToyVenue.refuseAtLength.selector, 1);
        rules[11] = _free(ToyVenue.burn.selector, 1);
        rules[12] = _rule(address(venue), ToyVenue.enterBatch.selector, 2, 0, address(executor));
        rules[13] = _rule(address(venue), ToyVenue.enterSubPlan.selector, 2, 0, address(executor));
    }

    function _rule(
        address target,
        bytes4 selector,
        uint256 words,
        uint256 listed,
        address value
    ) internal pure returns (CallRules.Rule memory rule) {
        rule = CallRules.Rule(target, selector, NO_FEE, new bytes32[][](words));
        rule.words[listed] = new bytes32[](1);
        rule.words[listed][0] = bytes32(uint256(uint160(value)));
    }

    function _free(bytes4 selector, uint256 words) internal view returns (CallRules.Rule memory) {
        return CallRules.Rule(address(venue), selector, NO_FEE, new bytes32[][](words));
    }
}
