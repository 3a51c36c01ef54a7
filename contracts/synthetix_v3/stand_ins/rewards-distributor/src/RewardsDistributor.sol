// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {IERC165} from "@synthetixio/core-contracts/contracts/interfaces/IERC165.sol";
import {IRewardDistributor} from "@synthetixio/main/contracts/interfaces/external/IRewardDistributor.sol";

/// @title Stand-in for rewards-distributor's contract of this name: where the synths of liquidated accounts go.
/// @notice Not real here: nothing is paid out to liquidity providers, the synths stay here.
contract RewardsDistributor is IRewardDistributor {
    address public immutable token;
    uint128 public immutable poolId;
    string public name;

    event RewardsReceived(uint128 indexed poolId, address indexed collateralType, uint256 amount, uint64 start, uint32 duration);

    error PayoutUnavailable();

    constructor(address token_, uint128 poolId_, string memory name_) {
        token = token_;
        poolId = poolId_;
        name = name_;
    }

    /// @notice The market has transferred `amount` of `token` for those who delegate `collateralType` to the pool.
    function distributeRewards(uint128 pool, address collateralType, uint256 amount, uint64 start, uint32 duration) external {
        emit RewardsReceived(pool, collateralType, amount, start, duration);
    }

    function payout(uint128, uint128, address, address, uint256) external pure returns (bool) {
        revert PayoutUnavailable();
    }

    function onPositionUpdated(uint128, uint128, address, uint256) external pure {}

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IRewardDistributor).interfaceId || interfaceId == type(IERC165).interfaceId;
    }
}
