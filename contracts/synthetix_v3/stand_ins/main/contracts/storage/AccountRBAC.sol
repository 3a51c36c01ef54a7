// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for the core's AccountRBAC: who may do what with an account.
/// @notice Not real here: listing the users and permissions of an account.
library AccountRBAC {
    bytes32 internal constant _ADMIN_PERMISSION = "ADMIN";
    bytes32 internal constant _PERPS_MODIFY_COLLATERAL_PERMISSION = "PERPS_MODIFY_COLLATERAL";
    bytes32 internal constant _PERPS_COMMIT_ASYNC_ORDER_PERMISSION = "PERPS_COMMIT_ASYNC_ORDER";

    struct Data {
        address owner;
        mapping(address user => mapping(bytes32 permission => bool)) permissions;
    }

    function authorized(Data storage self, bytes32 permission, address user) internal view returns (bool) {
        return user == self.owner || self.permissions[user][_ADMIN_PERMISSION] || self.permissions[user][permission];
    }
}
