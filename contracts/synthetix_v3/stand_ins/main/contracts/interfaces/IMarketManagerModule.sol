// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for the core's interface of this name: what the perps market calls of it.
interface IMarketManagerModule {
    /// @notice Registers a market and numbers it.
    function registerMarket(address market) external returns (uint128 marketId);

    /// @notice Burns snxUSD (18 decimals) of `target`, who has allowed it to the calling market, for credit of the market.
    function depositMarketUsd(uint128 marketId, address target, uint256 amount) external returns (uint256 feeAmount);

    /// @notice Mints snxUSD (18 decimals) for `target` against credit of the calling market.
    function withdrawMarketUsd(uint128 marketId, address target, uint256 amount) external returns (uint256 feeAmount);

    /// @notice What a market may still withdraw, 18 decimals.
    function getWithdrawableMarketUsd(uint128 marketId) external view returns (uint256 withdrawable);
}
