// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {AccountRBAC} from "./AccountRBAC.sol";

/// @title Stand-in for the core's Account: a number with an owner and permissions.
/// @notice Not real here: the NFT that carries the ownership, collateral in the core, timeouts.
library Account {
    using AccountRBAC for AccountRBAC.Data;

    struct Data {
        AccountRBAC.Data rbac;
        uint64 lastInteraction;
    }

    error PermissionDenied(uint128 accountId, bytes32 permission, address target);
    error AccountNotFound(uint128 accountId);

    function load(uint128 id) internal pure returns (Data storage account) {
        bytes32 slot = keccak256(abi.encode("io.synthetix.synthetix.Account", id));
        assembly ("memory-safe") {
            account.slot := slot
        }
    }

    function exists(uint128 id) internal view returns (Data storage account) {
        account = load(id);
        if (account.rbac.owner == address(0)) revert AccountNotFound(id);
    }

    function loadAccountAndValidatePermission(uint128 id, bytes32 permission) internal returns (Data storage account) {
        account = load(id);
        if (!account.rbac.authorized(permission, msg.sender)) revert PermissionDenied(id, permission, msg.sender);
        account.lastInteraction = uint64(block.timestamp);
    }
}
