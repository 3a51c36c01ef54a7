// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CallRules} from "./CallRules.sol";
import {IValuer} from "./IValuer.sol";
import {LossBudget} from "./LossBudget.sol";
import {Roles} from "./Roles.sol";

/// @title A keeper's own account on its venues: runs plans of allowed calls and keeps them only if they paid.
/// @notice Holds the keeper's margin in the venues and its tokens. Each rule stands in one place:
/// who may act in Roles, which calls in CallRules, how much they may lose in LossBudget, where tokens go in `sweep`.
/// A stolen operator key can therefore lose what the budget allows, by trading, and can take nothing.
/// A batch is nothing but several plans: each is held to the same rules as if it had come alone.
contract KeeperExecutor is Roles, LossBudget {
    using CallRules for CallRules.Book;

    struct Call {
        address target;
        uint256 value;
        bytes data;
        bool mayFail;
    }

    /// @dev `gas` is all that the plan may use.
    struct SubPlan {
        bytes32 venue;
        Call[] calls;
        int256 minChange;
        uint64 gas;
    }

    /// @dev `reason` is what a failed plan reverted with, cut after MAX_REASON bytes.
    struct Result {
        bool succeeded;
        int256 change;
        uint256 gasUsed;
        bytes reason;
    }

    /// @dev `rulesHash` is keccak256(abi.encode(rules)): whoever knows the list can tell that this is all of it.
    struct Venue {
        IValuer valuer;
        uint64 version;
        bytes32 rulesHash;
    }

    uint256 public constant MAX_REASON = 256;
    /// @dev Of the gas before a plan of a batch is run, beyond the plan's own and what EIP-150 holds back: for the event.
    uint256 private constant _RESERVE = 40_000;

    mapping(bytes32 name => Venue settings) public venues;
    CallRules.Book private _book;
    bool private _entered;

    event Executed(int256 change);
    event PlanExecuted(uint256 index, int256 change, uint256 gasUsed);
    event PlanFailed(uint256 index, uint256 gasUsed, bytes reason);
    event CallFailed(uint256 index, bytes reason);
    event VenueSet(bytes32 indexed venue, address valuer, CallRules.Rule[] rules);
    event Swept(address indexed token, address indexed treasury, uint256 amount);

    error Reentered();
    error NotItself(address caller);
    error NotEnoughGas(uint256 left, uint256 wanted);
    error UnknownVenue(bytes32 venue);
    error TransferFailed(address token, bytes reason);
    error ProfitTooLow(int256 change, int256 minChange);

    modifier nonReentrant() {
        if (_entered) revert Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    constructor(address owner_, address treasury_) Roles(owner_, treasury_) {}

    /// @notice Native coin for the fees of price updates.
    receive() external payable {}

    /// @notice Makes the calls in order, all or nothing, and reverts unless the executor's worth by the venue's valuer rose
    /// by `minChange` (USD with 18 decimals; negative for a plan that may cost something, within the day's budget).
    /// @dev A call that must not fail reverts with the callee's own revert data. A call that may fail only leaves
    /// CallFailed and false in `succeeded`; its failure may have used gas but left no state.
    /// @return change the executor's worth after all calls minus before
    /// @return succeeded one flag per call
    function execute(
        bytes32 venue,
        Call[] calldata calls,
        int256 minChange
    ) external onlyOperator nonReentrant returns (int256 change, bool[] memory succeeded) {
        (change, succeeded) = _run(venue, calls, minChange);
        emit Executed(change);
    }

    /// @notice Runs plans in order, each by itself: one that fails leaves PlanFailed and nothing else, the others go on.
    /// @dev Each has a frame and gas of its own. One for which not enough gas is left is not begun: it fails with NotEnoughGas.
    /// @return results one per plan
    function executeBatch(SubPlan[] calldata plans) external onlyOperator nonReentrant returns (Result[] memory results) {
        results = new Result[](plans.length);
        for (uint256 i = 0; i < plans.length; ++i) {
            Result memory result = _isolated(plans[i]);
            results[i] = result;
            if (result.succeeded) emit PlanExecuted(i, result.change, result.gasUsed);
            else emit PlanFailed(i, result.gasUsed, result.reason);
        }
    }

    /// @notice One plan of `executeBatch`, which alone may call this.
    /// @dev No rule can name the executor as a target, so no plan reaches it either.
    function executeSubPlan(SubPlan calldata plan) external returns (int256 change) {
        if (msg.sender != address(this)) revert NotItself(msg.sender);
        (change, ) = _run(plan.venue, plan.calls, plan.minChange);
    }

    /// @notice The owner's own hand in a venue: the same calls an operator may make, without guard and budget, so that
    /// margin can be taken back and a position closed whatever has become of operators, valuer and prices.
    function recover(bytes32 venue, Call[] calldata calls) external onlyOwner nonReentrant returns (bool[] memory succeeded) {
        succeeded = _make(venue, calls);
        _forget(venue);
    }

    /// @notice Sends `amount` of `token` (the zero address: of the native coin) to the treasury. Nothing else sends tokens.
    function sweep(address token, uint256 amount) external onlyOwner nonReentrant {
        bytes memory transfer = abi.encodeWithSignature("transfer(address,uint256)", treasury, amount);
        (bool success, bytes memory returned) = token == address(0) ? treasury.call{value: amount}("") : token.call(transfer);
        // Some tokens return nothing: success and either no data or true counts as done.
        bool done = success && (token == address(0) || (token.code.length > 0 && (returned.length == 0 || abi.decode(returned, (bool)))));
        if (!done) revert TransferFailed(token, returned);
        emit Swept(token, treasury, amount);
    }

    /// @notice Replaces what is allowed on a venue: its valuer and the whole list of rules. No rules: nothing is allowed.
    function setVenue(bytes32 venue, IValuer valuer, CallRules.Rule[] calldata rules) external onlyOwner {
        uint64 version = venues[venue].version + 1;
        venues[venue] = Venue(valuer, version, keccak256(abi.encode(rules)));
        for (uint256 i = 0; i < rules.length; ++i) {
            _book.add(_scope(venue, version), rules[i]);
        }
        _forget(venue);
        emit VenueSet(venue, address(valuer), rules);
    }

    /// @notice How much all plans of a day together may lose or carry open, USD with 18 decimals.
    function setBudget(uint256 perDay) external onlyOwner {
        _setBudget(perDay);
    }

    /// @dev What holds every plan, alone or in a batch: allowed calls, the wanted change, the day's budget.
    function _run(bytes32 venue, Call[] calldata calls, int256 minChange) private returns (int256 change, bool[] memory succeeded) {
        Valuation memory first = _valuation(venue);
        succeeded = _make(venue, calls);
        Valuation memory last = _valuation(venue);
        change = last.total - first.total;
        if (change < minChange) revert ProfitTooLow(change, minChange);
        _charge(venue, first, last);
    }

    function _isolated(SubPlan calldata plan) private returns (Result memory result) {
        bytes memory data = abi.encodeCall(this.executeSubPlan, (plan));
        uint256 left = gasleft();
        if (left - left / 64 < uint256(plan.gas) + _RESERVE) {
            result.reason = abi.encodeWithSelector(NotEnoughGas.selector, left, plan.gas);
            return result;
        }
        bytes memory returned;
        (result.succeeded, returned) = _callItself(data, plan.gas);
        result.gasUsed = left - gasleft();
        if (result.succeeded) result.change = abi.decode(returned, (int256));
        else result.reason = returned;
    }

    /// @dev Solidity's own call copies whatever comes back, and a plan's target decides how much that is.
    function _callItself(bytes memory data, uint256 gas_) private returns (bool success, bytes memory returned) {
        uint256 most = MAX_REASON;
        assembly ("memory-safe") {
            success := call(gas_, address(), 0, add(data, 32), mload(data), 0, 0)
            let size := returndatasize()
            if gt(size, most) { size := most }
            returned := mload(0x40)
            mstore(returned, size)
            returndatacopy(add(returned, 32), 0, size)
            mstore(0x40, and(add(add(returned, size), 63), not(31)))
        }
    }

    function _make(bytes32 venue, Call[] calldata calls) private returns (bool[] memory succeeded) {
        bytes32 scope = _scope(venue, venues[venue].version);
        succeeded = new bool[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            Call calldata item = calls[i];
            _book.check(scope, item.target, item.value, item.data);
            bytes memory returned;
            (succeeded[i], returned) = item.target.call{value: item.value}(item.data);
            if (succeeded[i]) continue;
            if (!item.mayFail) _bubble(returned);
            emit CallFailed(i, returned);
        }
    }

    function _valuation(bytes32 venue) private view returns (Valuation memory worth) {
        IValuer valuer = venues[venue].valuer;
        if (address(valuer) == address(0)) revert UnknownVenue(venue);
        (worth.total, worth.equity, worth.exposure) = valuer.valuation(address(this));
    }

    function _scope(bytes32 venue, uint64 version) private pure returns (bytes32) {
        return keccak256(abi.encode(venue, version));
    }

    function _bubble(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
