// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for the core's interface of this name: what the perps market calls of it.
interface IVaultModule {
    /// @notice What liquidity providers of a pool have delegated of one token: its amount and value, 18 decimals.
    function getVaultCollateral(uint128 poolId, address collateralType) external view returns (uint256 amount, uint256 value);
}
