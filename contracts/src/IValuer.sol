// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What an account is worth on one venue, by prices that its own trades cannot move.
interface IValuer {
    /// @notice USD with 18 decimals.
    /// @return total everything the account owns in the venue and in its wallet
    /// @return equity the part that is settled or at stake in the venue's margin account
    /// @return exposure the absolute value of all its open positions
    function valuation(address account) external view returns (int256 total, int256 equity, uint256 exposure);
}
