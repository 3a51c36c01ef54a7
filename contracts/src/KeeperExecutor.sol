// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The operator's own account on a venue: runs a plan of calls and keeps it only if it paid.
/// @notice Holds the keeper's margin in the venue and its tokens. Knows no venue: a plan is plain calls, and the guard
/// that measures the plan's worth is a view of the operator's choice (for Perp V2: Vault.getAccountValue(this)).
contract KeeperExecutor {
    struct Call {
        address target;
        bytes data;
        bool mayFail;
    }

    /// @dev `target.staticcall(data)` gives the value as its first 32-byte word, read as int256.
    struct Guard {
        address target;
        bytes data;
        int256 minChange;
    }

    address public owner;
    address public pendingOwner;
    mapping(address account => bool allowed) public isOperator;
    bool private _entered;

    event Executed(int256 change);
    event CallFailed(uint256 index, bytes reason);
    event OperatorSet(address indexed operator, bool allowed);
    event OwnershipTransferStarted(address indexed owner, address indexed pendingOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed owner);

    error NotOwner(address caller);
    error NotOperator(address caller);
    error NotPendingOwner(address caller);
    error Reentered();
    error NoCode(address target);
    error GuardFailed(bytes reason);
    error TokenCallFailed(address token, bytes reason);
    error ProfitTooLow(int256 change, int256 minChange);

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    modifier onlyOperator() {
        if (msg.sender != owner && !isOperator[msg.sender]) revert NotOperator(msg.sender);
        _;
    }

    modifier nonReentrant() {
        if (_entered) revert Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    constructor(address owner_) {
        if (owner_ == address(0)) revert NotOwner(owner_);
        owner = owner_;
        emit OwnershipTransferred(address(0), owner_);
    }

    /// @notice Makes the calls in order, all or nothing, and reverts unless the guard's value rose by `minChange`.
    /// @dev A call that must not fail reverts with the callee's own revert data. A call that may fail only leaves
    /// CallFailed and false in `succeeded`; its failure may have used gas but left no state.
    /// @return change the guard's value after all calls minus before, in the guard's own unit
    /// @return succeeded one flag per call
    function execute(
        Call[] calldata calls,
        Guard calldata guard
    ) external onlyOperator nonReentrant returns (int256 change, bool[] memory succeeded) {
        int256 before = _read(guard);
        succeeded = new bool[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            succeeded[i] = _call(i, calls[i]);
        }
        change = _read(guard) - before;
        if (change < guard.minChange) revert ProfitTooLow(change, guard.minChange);
        emit Executed(change);
    }

    /// @notice Lets `spender` take up to `amount` of the executor's `token` (a venue's vault, for deposits and repayments).
    function approve(address token, address spender, uint256 amount) external onlyOwner nonReentrant {
        _token(token, abi.encodeWithSignature("approve(address,uint256)", spender, amount));
    }

    /// @notice Sends `amount` of `token` to `to`.
    function sweep(address token, address to, uint256 amount) external onlyOwner nonReentrant {
        _token(token, abi.encodeWithSignature("transfer(address,uint256)", to, amount));
    }

    /// @notice Allows or forbids `operator` to call execute; it can never approve, sweep or change the owner.
    function setOperator(address operator, bool allowed) external onlyOwner {
        isOperator[operator] = allowed;
        emit OperatorSet(operator, allowed);
    }

    /// @notice First step of a change of owner; `newOwner` must accept. The zero address withdraws an offer.
    function transferOwnership(address newOwner) external onlyOwner {
        pendingOwner = newOwner;
        emit OwnershipTransferStarted(owner, newOwner);
    }

    /// @notice Second step: the address that was offered the ownership takes it.
    function acceptOwnership() external {
        if (msg.sender != pendingOwner) revert NotPendingOwner(msg.sender);
        emit OwnershipTransferred(owner, msg.sender);
        owner = msg.sender;
        pendingOwner = address(0);
    }

    function _call(uint256 index, Call calldata item) private returns (bool success) {
        // An address without code would "succeed" silently: a wrong address must never look like a settled plan.
        if (item.target.code.length == 0) revert NoCode(item.target);
        bytes memory returned;
        (success, returned) = item.target.call(item.data);
        if (success) return true;
        if (!item.mayFail) _bubble(returned);
        emit CallFailed(index, returned);
    }

    function _read(Guard calldata guard) private view returns (int256) {
        (bool success, bytes memory returned) = guard.target.staticcall(guard.data);
        if (!success || returned.length < 32) revert GuardFailed(returned);
        return abi.decode(returned, (int256));
    }

    /// @dev Some tokens return nothing: success and either no data or true counts as done.
    function _token(address token, bytes memory data) private {
        if (token.code.length == 0) revert NoCode(token);
        (bool success, bytes memory returned) = token.call(data);
        if (!success || (returned.length > 0 && !abi.decode(returned, (bool)))) revert TokenCallFailed(token, returned);
    }

    function _bubble(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
