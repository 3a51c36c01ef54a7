// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {FeatureFlag} from "@synthetixio/core-modules/contracts/storage/FeatureFlag.sol";
import {Account} from "@synthetixio/main/contracts/storage/Account.sol";
import {AccountRBAC} from "@synthetixio/main/contracts/storage/AccountRBAC.sol";

/// @title Stand-in for the core's AccountModule in the perps market: accounts by number.
/// @notice Not real here: an account is no NFT and cannot be transferred; who has permissions cannot be listed.
contract TestAccountModule {
    using AccountRBAC for AccountRBAC.Data;

    bytes32 private constant _CREATE_ACCOUNT = "createAccount";

    event AccountCreated(uint128 indexed accountId, address indexed owner);
    event PermissionGranted(uint128 indexed accountId, bytes32 indexed permission, address indexed user, address sender);
    event PermissionRevoked(uint128 indexed accountId, bytes32 indexed permission, address indexed user, address sender);

    error InvalidAccountId(uint128 accountId);

    /// @notice Creates an account of a number nobody has; the caller is its owner.
    function createAccount(uint128 requestedAccountId) external {
        FeatureFlag.ensureAccessToFeature(_CREATE_ACCOUNT);
        Account.Data storage account = Account.load(requestedAccountId);
        if (requestedAccountId == 0 || account.rbac.owner != address(0)) revert InvalidAccountId(requestedAccountId);
        account.rbac.owner = msg.sender;
        emit AccountCreated(requestedAccountId, msg.sender);
    }

    /// @notice Lets `user` do what `permission` names.
    function grantPermission(uint128 accountId, bytes32 permission, address user) external {
        _administered(accountId).permissions[user][permission] = true;
        emit PermissionGranted(accountId, permission, user, msg.sender);
    }

    /// @notice Takes a permission back.
    function revokePermission(uint128 accountId, bytes32 permission, address user) external {
        _administered(accountId).permissions[user][permission] = false;
        emit PermissionRevoked(accountId, permission, user, msg.sender);
    }

    function getAccountOwner(uint128 accountId) external view returns (address) {
        return Account.load(accountId).rbac.owner;
    }

    function getAccountLastInteraction(uint128 accountId) external view returns (uint256) {
        return Account.load(accountId).lastInteraction;
    }

    function hasPermission(uint128 accountId, bytes32 permission, address user) external view returns (bool) {
        return Account.load(accountId).rbac.permissions[user][permission];
    }

    function isAuthorized(uint128 accountId, bytes32 permission, address user) external view returns (bool) {
        return Account.load(accountId).rbac.authorized(permission, user);
    }

    function _administered(uint128 accountId) private returns (AccountRBAC.Data storage) {
        return Account.loadAccountAndValidatePermission(accountId, AccountRBAC._ADMIN_PERMISSION).rbac;
    }
}
