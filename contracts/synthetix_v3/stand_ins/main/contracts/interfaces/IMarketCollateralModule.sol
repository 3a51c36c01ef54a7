// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for the core's interface of this name: what the perps market calls of it.
interface IMarketCollateralModule {
    /// @notice Takes `tokenAmount` of a token from the calling market, as backing of its debt.
    function depositMarketCollateral(uint128 marketId, address collateralType, uint256 tokenAmount) external;

    /// @notice Gives it back to the calling market.
    function withdrawMarketCollateral(uint128 marketId, address collateralType, uint256 tokenAmount) external;
}
