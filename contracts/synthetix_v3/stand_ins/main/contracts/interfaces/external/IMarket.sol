// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {IERC165} from "@synthetixio/core-contracts/contracts/interfaces/IERC165.sol";

/// @title Stand-in for the core's interface of this name: what the core asks of any market.
interface IMarket is IERC165 {
    function name(uint128 marketId) external view returns (string memory);

    /// @notice USD the market owes, 18 decimals.
    function reportedDebt(uint128 marketId) external view returns (uint256);

    /// @notice USD that liquidity providers must not withdraw, 18 decimals.
    function minimumCredit(uint128 marketId) external view returns (uint256);
}
