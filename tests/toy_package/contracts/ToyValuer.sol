// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

interface IBalances {
    function balanceOf(address account) external view returns (uint256);
}

/// @title What a liquidator is worth on the toy exchange: the dollars it was paid. It takes nothing over.
contract ToyValuer {
    IBalances public immutable dollar;

    constructor(IBalances dollar_) {
        dollar = dollar_;
    }

    function valuation(address account) external view returns (int256 total, int256 equity, uint256 exposure) {
        return (int256(dollar.balanceOf(account)), 0, 0);
    }
}
