// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {IERC165} from "@synthetixio/core-contracts/contracts/interfaces/IERC165.sol";

/// @title Stand-in for the core's interface of this name: what the core asks of whoever pays liquidity providers out.
interface IRewardDistributor is IERC165 {
    function name() external view returns (string memory);

    function token() external view returns (address);

    function payout(
        uint128 accountId,
        uint128 poolId,
        address collateralType,
        address payoutTarget,
        uint256 payoutAmount
    ) external returns (bool);

    function onPositionUpdated(uint128 accountId, uint128 poolId, address collateralType, uint256 newShares) external;
}
