// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// @title Stand-in for core-contracts' ForkDetector, which no published package has: this chain is never a fork.
/// @notice The real library makes stale prices pass on a developer's fork. Here they are refused, as on a public chain.
library ForkDetector {
    function isDevFork() internal pure returns (bool) {
        return false;
    }
}
