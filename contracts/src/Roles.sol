// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Who may do what: a cold owner, hot operators, and a treasury that receives. No account has two of these roles,
/// except that the owner may be the treasury.
abstract contract Roles {
    address public owner;
    address public pendingOwner;
    address public treasury;
    mapping(address account => bool allowed) public isOperator;

    event OperatorSet(address indexed operator, bool allowed);
    event TreasurySet(address indexed treasury);
    event OwnershipTransferStarted(address indexed owner, address indexed pendingOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed owner);

    error NotOwner(address caller);
    error NotOperator(address caller);
    error NotPendingOwner(address caller);
    error RoleRefused(address account);

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    modifier onlyOperator() {
        if (!isOperator[msg.sender]) revert NotOperator(msg.sender);
        _;
    }

    constructor(address owner_, address treasury_) {
        if (owner_ == address(0)) revert RoleRefused(owner_);
        owner = owner_;
        emit OwnershipTransferred(address(0), owner_);
        _setTreasury(treasury_);
    }

    /// @notice Allows or forbids `operator` to execute plans. Nothing else is ever an operator's to do.
    function setOperator(address operator, bool allowed) external onlyOwner {
        bool cold = operator == owner || operator == pendingOwner || operator == treasury;
        if (allowed && (cold || operator == address(0))) revert RoleRefused(operator);
        isOperator[operator] = allowed;
        emit OperatorSet(operator, allowed);
    }

    /// @notice Where sweeps go.
    function setTreasury(address treasury_) external onlyOwner {
        _setTreasury(treasury_);
    }

    /// @notice First step of a change of owner; `newOwner` must accept. The zero address withdraws an offer.
    function transferOwnership(address newOwner) external onlyOwner {
        if (isOperator[newOwner]) revert RoleRefused(newOwner);
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

    function _setTreasury(address treasury_) private {
        bool lost = treasury_ == address(0) || treasury_ == address(this);
        if (lost || isOperator[treasury_]) revert RoleRefused(treasury_);
        treasury = treasury_;
        emit TreasurySet(treasury_);
    }
}
